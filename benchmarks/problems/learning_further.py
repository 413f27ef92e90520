"""Twelve more real models of scikit-learn, added when the default was done: twenty-two had left open who ends ahead."""

from __future__ import annotations

from typing import Any

from problems.learning import Values, error, one_layer, scaled
from problems.learning_later import error_or
from problems.spaces import Choice, Parameter, Real, Space, Whole

SVC: Space = (
    Parameter("C", Real(1e-3, 1e4, log=True)),
    Parameter("gamma", Real(1e-6, 1e1, log=True)),
    Parameter("kernel", Choice(("rbf", "poly", "sigmoid"))),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("balanced", Choice((False, True))),
)


def svc(v: Values) -> float:
    """Support vectors on digits."""
    from sklearn import svm

    model = svm.SVC(C=v["C"], gamma=v["gamma"], kernel=v["kernel"], class_weight="balanced" if v["balanced"] else None)
    return error(scaled(model, v["scaler"]), "digits", 400)


SMALL_NETWORK: Space = (
    Parameter("rate", Real(1e-5, 1.0, log=True)),
    Parameter("width", Whole(2, 64, log=True)),
    Parameter("alpha", Real(1e-7, 1e1, log=True)),
    Parameter("batch", Choice((8, 16, 32, 64))),
    Parameter("activation", Choice(("relu", "tanh", "identity"))),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("max_iter", Whole(2, 15, log=True)),
)


def small_network(v: Values) -> float:
    """A network of one hidden layer on breast cancer: the cross-entropy."""
    model = one_layer(v, max_iter=v["max_iter"])
    return min(error(scaled(model, v["scaler"]), "breast_cancer", 200, "neg_log_loss"), 5.0)


REGRESSING_NEIGHBORS: Space = (
    Parameter("n_neighbors", Whole(1, 60, log=True)),
    Parameter("weights", Choice(("uniform", "distance"))),
    Parameter("p", Real(1.0, 5.0)),
    Parameter("n_components", Whole(1, 10)),
    Parameter("whiten", Choice((False, True))),
)


def regressing_neighbors(v: Values) -> float:
    """Nearest neighbours on components of diabetes: the mean squared error in thousands."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline

    model = KNeighborsRegressor(v["n_neighbors"], weights=v["weights"], p=v["p"])
    components = PCA(v["n_components"], whiten=v["whiten"], random_state=0)
    return error(make_pipeline(components, model), "diabetes", 442, "neg_mean_squared_error") / 1e3


TREE: Space = (
    Parameter("max_depth", Whole(1, 20)),
    Parameter("min_samples_leaf", Whole(1, 30)),
    Parameter("ccp_alpha", Real(1e-6, 1e-1, log=True)),
    Parameter("criterion", Choice(("gini", "entropy"))),
    Parameter("splitter", Choice(("best", "random"))),
    Parameter("max_features", Real(0.1, 1.0)),
)


def tree(v: Values) -> float:
    """A single tree on digits."""
    from sklearn.tree import DecisionTreeClassifier

    return error(DecisionTreeClassifier(**v, random_state=0), "digits", 600)


KERNEL_RIDGE: Space = (
    Parameter("alpha", Real(1e-5, 1e3, log=True)),
    Parameter(
        "kernel",
        Choice(("rbf", "laplacian", "polynomial")),
        {
            "rbf": (Parameter("gamma", Real(1e-5, 1e2, log=True)),),
            "laplacian": (Parameter("gamma", Real(1e-5, 1e2, log=True)),),
            "polynomial": (Parameter("degree", Whole(1, 5)), Parameter("coef0", Real(0.0, 5.0))),
        },
    ),
)


def kernel_ridge(v: Values) -> float:
    """Kernel ridge regression on diabetes: the mean squared error in thousands."""
    from sklearn.kernel_ridge import KernelRidge

    model = scaled(KernelRidge(**v), "minmax")
    return min(error_or(1e6, model, "diabetes", 250, "neg_mean_squared_error") / 1e3, 30.0)


SELECTED_BAYES: Space = (
    Parameter("k", Whole(1, 64)),
    Parameter("score", Choice(("f_classif", "chi2"))),
    Parameter(
        "model",
        Choice(("gaussian", "multinomial", "bernoulli")),
        {
            "gaussian": (Parameter("var_smoothing", Real(1e-9, 1e1, log=True)),),
            "multinomial": (Parameter("alpha", Real(1e-4, 1e2, log=True)),),
            "bernoulli": (Parameter("alpha", Real(1e-4, 1e2, log=True)), Parameter("binarize", Real(0.0, 1.0))),
        },
    ),
)


def selected_bayes(v: Values) -> float:
    """Naive Bayes of one of three kinds on selected pixels of digits."""
    from sklearn import naive_bayes
    from sklearn.feature_selection import SelectKBest, chi2, f_classif
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    if v["model"] == "gaussian":
        model: Any = naive_bayes.GaussianNB(var_smoothing=v["var_smoothing"])
    elif v["model"] == "multinomial":
        model = naive_bayes.MultinomialNB(alpha=v["alpha"])
    else:
        model = naive_bayes.BernoulliNB(alpha=v["alpha"], binarize=v["binarize"])
    select = SelectKBest(chi2 if v["score"] == "chi2" else f_classif, k=v["k"])
    return error(make_pipeline(MinMaxScaler(), select, model), "digits", 500)


LINEAR: Space = (
    Parameter(
        "model",
        Choice(("ridge", "lasso", "huber", "bayes")),
        {
            "ridge": (Parameter("alpha", Real(1e-5, 1e4, log=True)),),
            "lasso": (Parameter("alpha", Real(1e-5, 1e2, log=True)),),
            "huber": (Parameter("alpha", Real(1e-6, 1e2, log=True)), Parameter("epsilon", Real(1.01, 3.0))),
            "bayes": (Parameter("lambda_1", Real(1e-7, 1e2, log=True)),),
        },
    ),
    Parameter("degree", Whole(1, 2)),
    Parameter("transform", Choice(("standard", "uniform", "normal"))),
    Parameter("n_quantiles", Whole(4, 150, log=True)),
)


def linear(v: Values) -> float:
    """One of four linear models on transformed features of diabetes: the mean squared error in thousands."""
    from sklearn import linear_model, preprocessing
    from sklearn.pipeline import make_pipeline

    models = {
        "ridge": linear_model.Ridge,
        "lasso": linear_model.Lasso,
        "huber": linear_model.HuberRegressor,
        "bayes": linear_model.BayesianRidge,
    }
    shared = ("model", "degree", "transform", "n_quantiles")
    arguments = {name: value for name, value in v.items() if name not in shared}
    limit = {"lasso": {"max_iter": 200}, "huber": {"max_iter": 50}}.get(v["model"], {})
    if v["transform"] == "standard":
        first: Any = preprocessing.StandardScaler()
    else:
        first = preprocessing.QuantileTransformer(
            n_quantiles=v["n_quantiles"], output_distribution=v["transform"], random_state=0
        )
    polynomial = preprocessing.PolynomialFeatures(v["degree"], include_bias=False)
    model = make_pipeline(first, polynomial, preprocessing.StandardScaler(), models[v["model"]](**arguments, **limit))
    return min(error(model, "diabetes", 250, "neg_mean_squared_error") / 1e3, 30.0)


ADABOOST: Space = (
    Parameter("n_estimators", Whole(1, 12, log=True)),
    Parameter("learning_rate", Real(1e-3, 1e1, log=True)),
    Parameter("max_depth", Whole(1, 8)),
    Parameter("min_samples_leaf", Whole(1, 40)),
    Parameter("max_features", Real(0.05, 1.0)),
)


def adaboost(v: Values) -> float:
    """AdaBoost of trees on breast cancer: one less the area under the curve."""
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    base = DecisionTreeClassifier(
        max_depth=v["max_depth"],
        min_samples_leaf=v["min_samples_leaf"],
        max_features=v["max_features"],
        random_state=0,
    )
    model = AdaBoostClassifier(base, n_estimators=v["n_estimators"], learning_rate=v["learning_rate"], random_state=0)
    return 1.0 + error_or(0.0, model, "breast_cancer", 300, "roc_auc")


RANDOM_FEATURES: Space = (
    Parameter("gamma", Real(1e-5, 1e1, log=True)),
    Parameter("n_components", Whole(5, 300, log=True)),
    Parameter("alpha", Real(1e-6, 1e3, log=True)),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("map", Choice(("fourier", "nystroem"))),
)


def random_features(v: Values) -> float:
    """Ridge classification of random features of digits."""
    from sklearn.kernel_approximation import Nystroem, RBFSampler
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline

    features = {"fourier": RBFSampler, "nystroem": Nystroem}[v["map"]](
        gamma=v["gamma"], n_components=v["n_components"], random_state=0
    )
    return error(scaled(make_pipeline(features, RidgeClassifier(alpha=v["alpha"])), v["scaler"]), "digits", 500)


MULTINOMIAL: Space = (
    Parameter("C", Real(1e-6, 1e4, log=True)),
    Parameter("max_iter", Whole(2, 40, log=True)),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("n_components", Whole(2, 60)),
    Parameter("whiten", Choice((False, True))),
    Parameter("intercept", Choice((False, True))),
)


def multinomial(v: Values) -> float:
    """Logistic regression of components of digits: the cross-entropy."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    components = PCA(v["n_components"], whiten=v["whiten"], random_state=0)
    model = LogisticRegression(C=v["C"], max_iter=v["max_iter"], fit_intercept=v["intercept"])
    return min(error(scaled(make_pipeline(components, model), v["scaler"]), "digits", 400, "neg_log_loss"), 5.0)


REGRESSING_FOREST: Space = (
    Parameter("n_estimators", Whole(2, 40, log=True)),
    Parameter("max_depth", Whole(1, 16)),
    Parameter("max_features", Real(0.1, 1.0)),
    Parameter("min_samples_leaf", Whole(1, 40, log=True)),
    Parameter("max_samples", Real(0.1, 1.0)),
)


def regressing_forest(v: Values) -> float:
    """A random forest on diabetes: the mean squared error in thousands."""
    from sklearn.ensemble import RandomForestRegressor

    return error(RandomForestRegressor(**v, random_state=0), "diabetes", 300, "neg_mean_squared_error") / 1e3


RAISED_PIXELS: Space = (
    Parameter("n_neighbors", Whole(1, 40, log=True)),
    Parameter("metric", Choice(("euclidean", "manhattan", "chebyshev", "cosine"))),
    Parameter("weights", Choice(("uniform", "distance"))),
    Parameter("power", Real(0.1, 4.0, log=True)),
    Parameter("n_components", Whole(1, 64)),
)


def raised_pixels(v: Values) -> float:
    """Nearest neighbours of pixels raised to a power, on components of digits: the cross-entropy."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

    def raised(x: Any) -> Any:
        return x.clip(0.0, 1.0) ** v["power"]

    model = KNeighborsClassifier(v["n_neighbors"], metric=v["metric"], weights=v["weights"])
    components = PCA(v["n_components"], random_state=0)
    pipeline = make_pipeline(MinMaxScaler(), FunctionTransformer(raised), components, model)
    return min(error(pipeline, "digits", 400, "neg_log_loss"), 5.0)
