"""Real models of scikit-learn on its own data sets: the loss of three seeded, stratified or plain folds."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from problems.spaces import Choice, Parameter, Real, Space, Whole

Values = Mapping[str, Any]


@cache
def data(name: str, n_rows: int) -> tuple[Any, Any]:
    """A part of one of scikit-learn's own data sets, the same in every run: (X, y)."""
    datasets = importlib.import_module("sklearn.datasets")
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(x))[:n_rows]
    return x[rows], y[rows]


def error(model: Any, name: str, n_rows: int, scoring: str | None = None) -> float:
    """The misclassified share in three folds, or with a scoring the loss that it is the negative of."""
    selection = importlib.import_module("sklearn.model_selection")
    x, y = data(name, n_rows)
    kind = selection.KFold if name == "diabetes" else selection.StratifiedKFold
    folds = kind(3, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # solvers that stop early are part of the landscape
        score = float(selection.cross_val_score(model, x, y, cv=folds, scoring=scoring).mean())
    return 1.0 - score if scoring is None else -score


def scaled(model: Any, scaler: str = "standard") -> Any:
    """A model with a scaler before it: "none", "standard" or "minmax"."""
    pipeline = importlib.import_module("sklearn.pipeline")
    scalers = importlib.import_module("sklearn.preprocessing")
    steps = {"none": [], "standard": [scalers.StandardScaler()], "minmax": [scalers.MinMaxScaler()]}[scaler]
    return pipeline.make_pipeline(*steps, model)


SVM: Space = (
    Parameter("kernel", Choice(("rbf", "poly", "sigmoid", "linear"))),
    Parameter("C", Real(1e-4, 1e4, log=True)),
    Parameter("gamma", Real(1e-7, 1e1, log=True)),
    Parameter("degree", Whole(1, 5)),
    Parameter("coef0", Real(-1, 1)),
    Parameter("epsilon", Real(1e-3, 1e2, log=True)),
)


def svm(v: Values) -> float:
    """Support vectors on diabetes: the mean squared error in thousands."""
    from sklearn.svm import SVR

    loss = error(scaled(SVR(**v, max_iter=20_000)), "diabetes", 250, "neg_mean_squared_error") / 1e3
    return min(loss, 100.0)


FOREST: Space = (
    Parameter("n_estimators", Whole(2, 40, log=True)),
    Parameter("max_depth", Whole(1, 16)),
    Parameter("max_features", Real(0.05, 1.0)),
    Parameter("min_samples_leaf", Whole(1, 20)),
    Parameter("criterion", Choice(("gini", "entropy"))),
)


def forest(v: Values) -> float:
    """A random forest on breast cancer: one less the area under the curve."""
    from sklearn.ensemble import RandomForestClassifier

    return 1.0 + error(RandomForestClassifier(**v, random_state=0), "breast_cancer", 300, "roc_auc")


NEIGHBORS: Space = (
    Parameter("n_components", Whole(2, 60)),
    Parameter("n_neighbors", Whole(1, 40)),
    Parameter("weights", Choice(("uniform", "distance"))),
    Parameter("p", Choice((1, 2))),
)


def neighbors(v: Values) -> float:
    """Nearest neighbours on digits, with principal components before."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    model = KNeighborsClassifier(n_neighbors=v["n_neighbors"], weights=v["weights"], p=v["p"])
    return error(make_pipeline(PCA(v["n_components"], random_state=0), model), "digits", 500)


LOGISTIC: Space = (
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("tol", Real(1e-6, 1e-1, log=True)),
    Parameter("C", Real(1e-5, 1e5, log=True)),
    Parameter("max_iter", Whole(5, 100)),
)


def logistic(v: Values) -> float:
    """Logistic regression on wine, scaled or not: the cross-entropy."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=v["C"], tol=v["tol"], max_iter=v["max_iter"])
    return error(scaled(model, v["scaler"]), "wine", 178, "neg_log_loss")


PROCESS: Space = (
    Parameter("kernel", Choice(("rbf", "matern", "quadratic"))),
    Parameter("length", Real(1e-2, 1e3, log=True)),
    Parameter("noise", Real(1e-4, 1e2, log=True)),
    Parameter("linear", Real(1e-4, 1e2, log=True)),
    Parameter("alpha", Real(1e-2, 1e2, log=True)),
)


def process(v: Values) -> float:
    """A Gaussian process of given hyperparameters on diabetes: the mean squared error in thousands."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, DotProduct, Matern, RationalQuadratic, WhiteKernel

    length = v["length"]
    shape = {
        "rbf": RBF(length),
        "matern": Matern(length, nu=1.5),
        "quadratic": RationalQuadratic(length, min(v["alpha"], 1e5)),
    }
    kernel = shape[v["kernel"]] + v["linear"] * DotProduct(1.0) + WhiteKernel(v["noise"])
    model = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)
    return error(scaled(model), "diabetes", 200, "neg_mean_squared_error") / 1e3


BOOSTING: Space = (
    Parameter("learning_rate", Real(1e-3, 1.0, log=True)),
    Parameter("n_estimators", Whole(5, 100, log=True)),
    Parameter("max_depth", Whole(1, 8)),
    Parameter("subsample", Real(0.3, 1.0)),
    Parameter("max_features", Real(0.1, 1.0)),
    Parameter("min_samples_leaf", Whole(1, 30)),
    Parameter("loss", Choice(("squared_error", "absolute_error", "huber"))),
)


def boosting(v: Values) -> float:
    """Boosted trees on diabetes: the mean squared error in thousands."""
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(**v, random_state=0)
    return error(model, "diabetes", 250, "neg_mean_squared_error") / 1e3


PERCEPTRON: Space = (
    Parameter("rate", Real(1e-5, 1.0, log=True)),
    Parameter("width", Whole(4, 64, log=True)),
    Parameter("alpha", Real(1e-7, 1e1, log=True)),
    Parameter("batch", Choice((16, 32, 64, 128))),
    Parameter("activation", Choice(("relu", "tanh", "logistic"))),
    Parameter("solver", Choice(("sgd", "adam")), {"sgd": (Parameter("momentum", Real(0.0, 0.99)),)}),
)


def one_layer(v: Values, **arguments: Any) -> Any:
    """A network of one hidden layer, with further arguments of scikit-learn's."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (v["width"],),
        activation=v["activation"],
        alpha=v["alpha"],
        batch_size=v["batch"],
        learning_rate_init=v["rate"],
        random_state=0,
        **arguments,
    )


def perceptron(v: Values) -> float:
    """A network of one hidden layer, fifteen epochs on digits: the cross-entropy."""
    model = one_layer(v, solver=v["solver"], momentum=v.get("momentum", 0.9), max_iter=15)
    return min(error(scaled(model, "minmax"), "digits", 400, "neg_log_loss"), 10.0)


ELASTIC: Space = (
    Parameter("degree", Whole(1, 3)),
    Parameter("alpha", Real(1e-5, 1e3, log=True)),
    Parameter("l1_ratio", Real(0.0, 1.0)),
    Parameter("n_components", Whole(1, 10)),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
)


def elastic(v: Values) -> float:
    """An elastic net on polynomial features of diabetes: the mean squared error in thousands."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import ElasticNet
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    model = make_pipeline(
        PCA(v["n_components"], random_state=0),
        PolynomialFeatures(v["degree"], include_bias=False),
        scaled(ElasticNet(alpha=v["alpha"], l1_ratio=v["l1_ratio"], max_iter=300)),
    )
    return min(error(scaled(model, v["scaler"]), "diabetes", 442, "neg_mean_squared_error") / 1e3, 100.0)


DESCENT: Space = (
    Parameter("loss", Choice(("hinge", "log_loss", "modified_huber", "squared_hinge"))),
    Parameter(
        "penalty",
        Choice(("l2", "l1", "elasticnet")),
        {"elasticnet": (Parameter("l1_ratio", Real(0.0, 1.0)),)},
    ),
    Parameter("alpha", Real(1e-8, 1e1, log=True)),
    Parameter(
        "learning_rate",
        Choice(("optimal", "constant", "invscaling")),
        {
            "constant": (Parameter("eta0", Real(1e-5, 1e1, log=True)),),
            "invscaling": (Parameter("eta0", Real(1e-5, 1e1, log=True)), Parameter("power_t", Real(0.0, 1.0))),
        },
    ),
    Parameter("max_iter", Whole(1, 50, log=True)),
)  # fmt: skip


def descent(v: Values) -> float:
    """A linear model by stochastic gradients on digits."""
    from sklearn.linear_model import SGDClassifier

    return error(scaled(SGDClassifier(**v, random_state=0), "minmax"), "digits", 500)


ANY_MODEL: Space = (
    Parameter(
        "model",
        Choice(("svm", "tree", "neighbors", "logistic")),
        {
            "svm": (Parameter("C", Real(1e-3, 1e4, log=True)), Parameter("gamma", Real(1e-6, 1e1, log=True))),
            "tree": (
                Parameter("max_depth", Whole(1, 20)),
                Parameter("min_samples_leaf", Whole(1, 30)),
                Parameter("max_features", Real(0.05, 1.0)),
                Parameter("n_estimators", Whole(2, 30, log=True)),
            ),
            "neighbors": (Parameter("n_neighbors", Whole(1, 50, log=True)), Parameter("p", Real(1.0, 4.0))),
            "logistic": (Parameter("penalty", Real(1e-4, 1e4, log=True)),),
        },
    ),
    Parameter("scaler", Choice(("none", "standard", "minmax"))),
    Parameter("n_features", Whole(1, 30)),
)


def any_model(v: Values) -> float:
    """One of four models, on selected features of breast cancer: one less the area under the curve."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    if v["model"] == "svm":
        model: Any = SVC(C=v["C"], gamma=v["gamma"])
    elif v["model"] == "tree":
        names = ("max_depth", "min_samples_leaf", "max_features", "n_estimators")
        model = ExtraTreesClassifier(**{name: v[name] for name in names}, random_state=0)
    elif v["model"] == "neighbors":
        model = KNeighborsClassifier(v["n_neighbors"], p=v["p"])
    else:
        model = LogisticRegression(C=1 / v["penalty"], max_iter=50)
    pipeline = make_pipeline(SelectKBest(k=v["n_features"]), scaled(model, v["scaler"]))
    return 1.0 + error(pipeline, "breast_cancer", 300, "roc_auc")
