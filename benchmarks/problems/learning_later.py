"""Further real models of scikit-learn, added to measure on when all samplers were done: none was tuned on these."""

from __future__ import annotations

from typing import Any

import numpy as np

from problems.learning import Values, data, error, scaled
from problems.spaces import Choice, Parameter, Real, Space, Whole


def error_or(worst: float, model: Any, name: str, n_rows: int, scoring: str | None = None) -> float:
    """As :func:`error`; the worst loss where the model cannot be fitted."""
    try:
        loss = error(model, name, n_rows, scoring)
    except ValueError:  # of all folds
        return worst
    return loss if np.isfinite(loss) else worst


DISCRIMINANT: Space = (
    Parameter("n_components", Whole(2, 60)),
    Parameter("whiten", Choice((False, True))),
    Parameter(
        "model",
        Choice(("linear", "quadratic")),
        {
            "linear": (Parameter("shrinkage", Real(0.0, 1.0)), Parameter("solver", Choice(("lsqr", "eigen")))),
            "quadratic": (Parameter("reg_param", Real(1e-6, 1.0, log=True)),),
        },
    ),
)


def discriminant(v: Values) -> float:
    """Discriminant analysis of principal components of digits."""
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline

    if v["model"] == "linear":
        model: Any = LinearDiscriminantAnalysis(solver=v["solver"], shrinkage=v["shrinkage"])
    else:
        model = QuadraticDiscriminantAnalysis(reg_param=v["reg_param"])
    components = PCA(v["n_components"], whiten=v["whiten"], random_state=0)
    return error_or(1.0, make_pipeline(components, model), "digits", 600)


NU_SVM: Space = (
    Parameter("nu", Real(0.01, 0.4)),
    Parameter(
        "kernel",
        Choice(("rbf", "poly", "sigmoid")),
        {
            "poly": (Parameter("degree", Whole(2, 6)), Parameter("coef0", Real(0.0, 5.0))),
            "sigmoid": (Parameter("coef0", Real(0.0, 5.0)),),
        },
    ),
    Parameter("gamma", Real(1e-6, 1e1, log=True)),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("shrinking", Choice((True, False))),
)


def nu_svm(v: Values) -> float:
    """Nu-support vectors on breast cancer: one less the area under the curve."""
    from sklearn.svm import NuSVC

    model = NuSVC(**{name: value for name, value in v.items() if name != "scaler"}, max_iter=5_000)
    return 1.0 + error_or(0.0, scaled(model, v["scaler"]), "breast_cancer", 400, "roc_auc")


HISTOGRAMS: Space = (
    Parameter("learning_rate", Real(1e-3, 1.0, log=True)),
    Parameter("max_iter", Whole(2, 60, log=True)),
    Parameter("max_leaf_nodes", Whole(2, 40, log=True)),
    Parameter("min_samples_leaf", Whole(1, 60)),
    Parameter("l2_regularization", Real(1e-6, 1e3, log=True)),
    Parameter("max_bins", Whole(3, 255, log=True)),
    Parameter("max_features", Real(0.05, 1.0)),
)


def histograms(v: Values) -> float:
    """Gradient boosting of histograms on diabetes: the mean absolute error."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return error(HistGradientBoostingRegressor(**v, random_state=0), "diabetes", 442, "neg_mean_absolute_error")


BAGGING: Space = (
    Parameter(
        "base",
        Choice(("tree", "ridge", "neighbors")),
        {
            "tree": (Parameter("max_depth", Whole(1, 16)), Parameter("min_samples_leaf", Whole(1, 40))),
            "ridge": (Parameter("alpha", Real(1e-4, 1e3, log=True)),),
            "neighbors": (Parameter("n_neighbors", Whole(1, 60)), Parameter("weights", Choice(("uniform", "distance")))),
        },
    ),
    Parameter("n_estimators", Whole(1, 20, log=True)),
    Parameter("max_samples", Real(0.05, 1.0)),
    Parameter("max_features", Real(0.1, 1.0)),
    Parameter("bootstrap", Choice((True, False))),
)  # fmt: skip


def bagging(v: Values) -> float:
    """Bagging of one of three models on diabetes: the mean squared error in thousands."""
    from sklearn.ensemble import BaggingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.tree import DecisionTreeRegressor

    if v["base"] == "tree":
        base: Any = DecisionTreeRegressor(max_depth=v["max_depth"], min_samples_leaf=v["min_samples_leaf"])
    elif v["base"] == "ridge":
        base = Ridge(alpha=v["alpha"])
    else:
        most = max(int(v["max_samples"] * 250), 1)  # no more neighbours than there are samples
        base = KNeighborsRegressor(min(v["n_neighbors"], most), weights=v["weights"])
    shared = {name: v[name] for name in ("n_estimators", "max_samples", "max_features", "bootstrap")}
    return error(BaggingRegressor(base, **shared, random_state=0), "diabetes", 442, "neg_mean_squared_error") / 1e3


DEEP_PERCEPTRON: Space = (
    Parameter(
        "n_layers",
        Whole(1, 3),
        {
            1: (Parameter("width1", Whole(4, 64, log=True)),),
            2: (Parameter("width1", Whole(4, 64, log=True)), Parameter("width2", Whole(4, 64, log=True))),
            3: (
                Parameter("width1", Whole(4, 64, log=True)),
                Parameter("width2", Whole(4, 64, log=True)),
                Parameter("width3", Whole(4, 64, log=True)),
            ),
        },
    ),
    Parameter("activation", Choice(("relu", "tanh", "logistic"))),
    Parameter(
        "solver",
        Choice(("adam", "sgd", "lbfgs")),
        {
            "adam": (
                Parameter("learning_rate_init", Real(1e-5, 1.0, log=True)),
                Parameter("batch_size", Whole(8, 128, log=True)),
            ),
            "sgd": (
                Parameter("learning_rate_init", Real(1e-5, 1.0, log=True)),
                Parameter("batch_size", Whole(8, 128, log=True)),
                Parameter("momentum", Real(0.0, 0.99)),
            ),
        },
    ),
    Parameter("alpha", Real(1e-6, 1e2, log=True)),
)


def deep_perceptron(v: Values) -> float:
    """A network of up to three hidden layers on breast cancer: the log loss."""
    from sklearn.neural_network import MLPClassifier

    widths = tuple(v[f"width{i + 1}"] for i in range(v["n_layers"]))
    names = ("activation", "solver", "learning_rate_init", "batch_size", "momentum", "alpha")
    model = MLPClassifier(widths, **{name: v[name] for name in names if name in v}, max_iter=12, random_state=0)
    return min(error(scaled(model), "breast_cancer", 350, "neg_log_loss"), 10.0)


KERNEL_COMPONENTS: Space = (
    Parameter(
        "kernel",
        Choice(("rbf", "poly", "cosine", "sigmoid")),
        {
            "rbf": (Parameter("gamma", Real(1e-5, 1e1, log=True)),),
            "poly": (Parameter("gamma", Real(1e-5, 1e1, log=True)), Parameter("degree", Whole(2, 5))),
            "sigmoid": (Parameter("gamma", Real(1e-5, 1e1, log=True)),),
        },
    ),
    Parameter("n_components", Whole(2, 80, log=True)),
    Parameter("C", Real(1e-4, 1e4, log=True)),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
)


def kernel_components(v: Values) -> float:
    """Logistic regression on principal components of a kernel, of digits."""
    from sklearn.decomposition import KernelPCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    shape = {name: v[name] for name in ("kernel", "n_components", "gamma", "degree") if name in v}
    components = KernelPCA(**shape, random_state=0, eigen_solver="randomized")
    model = make_pipeline(components, scaled(LogisticRegression(C=v["C"], max_iter=30)))
    return error_or(1.0, scaled(model, v["scaler"]), "digits", 400)


SPLINES: Space = (
    Parameter("n_knots", Whole(2, 20)),
    Parameter("degree", Whole(1, 4)),
    Parameter("knots", Choice(("uniform", "quantile"))),
    Parameter("extrapolation", Choice(("constant", "linear", "continue"))),
    Parameter("n_components", Whole(1, 10)),
    Parameter("epsilon", Real(1.0, 5.0)),
    Parameter("alpha", Real(1e-6, 1e3, log=True)),
)


def splines(v: Values) -> float:
    """A robust linear model on splines of diabetes: the mean absolute error."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import HuberRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer

    bends = SplineTransformer(v["n_knots"], degree=v["degree"], knots=v["knots"], extrapolation=v["extrapolation"])
    linear = HuberRegressor(epsilon=v["epsilon"], alpha=v["alpha"], max_iter=30)
    model = make_pipeline(PCA(v["n_components"], random_state=0), bends, linear)
    return min(error(scaled(model), "diabetes", 442, "neg_mean_absolute_error"), 200.0)


ANOMALIES: Space = (
    Parameter(
        "method",
        Choice(("forest", "svm", "neighbors")),
        {
            "forest": (
                Parameter("n_estimators", Whole(2, 40, log=True)),
                Parameter("max_samples", Real(0.02, 1.0)),
                Parameter("max_features", Real(0.05, 1.0)),
            ),
            "svm": (Parameter("nu", Real(0.01, 0.99)), Parameter("gamma", Real(1e-6, 1e1, log=True))),
            "neighbors": (Parameter("n_neighbors", Whole(1, 100, log=True)), Parameter("p", Real(1.0, 5.0))),
        },
    ),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("n_components", Whole(1, 30)),
)


def anomalies(v: Values) -> float:
    """Which tumours are malignant, told by benign ones alone: one less the area under the curve."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import OneClassSVM

    if v["method"] == "forest":
        names = ("n_estimators", "max_samples", "max_features")
        model: Any = IsolationForest(**{name: v[name] for name in names}, random_state=0)
    elif v["method"] == "svm":
        model = OneClassSVM(nu=v["nu"], gamma=v["gamma"])
    else:
        model = LocalOutlierFactor(v["n_neighbors"], p=v["p"], novelty=True)
    pipeline = scaled(make_pipeline(PCA(v["n_components"], random_state=0), model), v["scaler"])
    x, y = data("breast_cancer", 450)  # 1 is benign
    areas = []
    for fitted, held_out in StratifiedKFold(3, shuffle=True, random_state=0).split(x, y):
        benign = fitted[y[fitted] == 1]
        areas.append(roc_auc_score(y[held_out], pipeline.fit(x[benign]).decision_function(x[held_out])))
    return 1.0 - float(np.mean(areas))


MIXTURE: Space = (
    Parameter("n_components", Whole(1, 16)),
    Parameter("covariance_type", Choice(("full", "tied", "diag", "spherical"))),
    Parameter("reg_covar", Real(1e-7, 1e1, log=True)),
    Parameter("init_params", Choice(("kmeans", "k-means++", "random_from_data"))),
    Parameter("max_iter", Whole(1, 100, log=True)),
    Parameter("weight_concentration_prior", Real(1e-6, 1e4, log=True)),
)


def mixture(v: Values) -> float:
    """A mixture of Gaussians of wine: minus the logarithm of the density of what was held out."""
    from sklearn.mixture import BayesianGaussianMixture
    from sklearn.model_selection import KFold, cross_val_score

    x = data("wine", 178)[0]
    model = scaled(BayesianGaussianMixture(**v, random_state=0))
    folds = KFold(3, shuffle=True, random_state=0)
    return min(-float(cross_val_score(model, (x - x.mean(axis=0)) / x.std(axis=0), cv=folds).mean()), 100.0)


SPREADING: Space = (
    Parameter(
        "kernel",
        Choice(("knn", "rbf")),
        {
            "knn": (Parameter("n_neighbors", Whole(1, 60)),),
            "rbf": (Parameter("gamma", Real(1e-5, 1e2, log=True)),),
        },
    ),
    Parameter("alpha", Real(0.01, 0.99)),
    Parameter("max_iter", Whole(1, 60, log=True)),
    Parameter("n_components", Whole(1, 60)),
    Parameter("whiten", Choice((False, True))),
)


def spreading(v: Values) -> float:
    """The labels of digits, told by those of every tenth of them."""
    from sklearn.decomposition import PCA
    from sklearn.semi_supervised import LabelSpreading

    x, y = data("digits", 500)
    points = PCA(v["n_components"], whiten=v["whiten"], random_state=0).fit_transform(x)
    points /= points.std()
    shape = {name: v[name] for name in ("kernel", "n_neighbors", "gamma", "alpha", "max_iter") if name in v}
    wrong = []
    for start in range(4):
        known = np.arange(len(y)) % 10 == start
        found = LabelSpreading(**shape).fit(points, np.where(known, y, -1)).transduction_
        wrong.append(np.mean(found[~known] != y[~known]))
    return float(np.mean(wrong))


VOTING: Space = (
    Parameter("voting", Choice(("soft", "hard"))),
    Parameter("w_logistic", Real(0.0, 1.0)),
    Parameter("w_bayes", Real(0.0, 1.0)),
    Parameter("w_neighbors", Real(0.0, 1.0)),
    Parameter("w_tree", Real(0.0, 1.0)),
    Parameter("C", Real(1e-4, 1e3, log=True)),
    Parameter("var_smoothing", Real(1e-10, 1e0, log=True)),
    Parameter("n_neighbors", Whole(1, 30)),
    Parameter("max_depth", Whole(1, 12)),
)


def voting(v: Values) -> float:
    """Four models that vote, on digits."""
    from sklearn.ensemble import VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    models = {
        "logistic": LogisticRegression(C=v["C"], max_iter=20),
        "bayes": GaussianNB(var_smoothing=v["var_smoothing"]),
        "neighbors": KNeighborsClassifier(v["n_neighbors"]),
        "tree": DecisionTreeClassifier(max_depth=v["max_depth"], random_state=0),
    }
    weights = [v[f"w_{name}"] + 1e-9 for name in models]
    return error(scaled(VotingClassifier(list(models.items()), voting=v["voting"], weights=weights)), "digits", 300)


BINNED_SVM: Space = (
    Parameter("k", Whole(1, 64)),
    Parameter("n_bins", Whole(2, 16)),
    Parameter("strategy", Choice(("uniform", "quantile", "kmeans"))),
    Parameter("encode", Choice(("onehot", "ordinal"))),
    Parameter(
        "penalty",
        Choice(("l1", "l2")),
        {"l1": (Parameter("C1", Real(1e-3, 1e3, log=True)),), "l2": (Parameter("C2", Real(1e-5, 1e3, log=True)),)},
    ),
    Parameter("tol", Real(1e-5, 1e-1, log=True)),
)


def binned_svm(v: Values) -> float:
    """A linear support vector machine on binned and selected pixels of digits."""
    from sklearn.feature_selection import SelectKBest
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer
    from sklearn.svm import LinearSVC

    bins = KBinsDiscretizer(v["n_bins"], encode=v["encode"], strategy=v["strategy"], random_state=0)
    strength = v["C1"] if v["penalty"] == "l1" else v["C2"]
    linear = LinearSVC(C=strength, penalty=v["penalty"], dual=False, tol=v["tol"], max_iter=30, random_state=0)
    return error(make_pipeline(SelectKBest(k=v["k"]), bins, linear), "digits", 300)
