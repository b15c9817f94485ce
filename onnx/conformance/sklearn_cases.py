"""Models of scikit-learn for make_cases.py, as skl2onnx exports them, and rows that they have not seen."""

import functools

import numpy as np
import skl2onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn import compose, datasets, decomposition, ensemble, gaussian_process, impute, linear_model, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree
from sklearn.cluster import KMeans

ROWS = 25


def to_onnx(*arguments, **options):
    """An export that whoever takes the case makes, since skl2onnx cannot make all of them."""
    return functools.partial(skl2onnx.to_onnx, *arguments, **options)


def floats(x):
    return x[-ROWS:].astype(np.float32)


def classifiers():
    """(name, model, options of skl2onnx)."""
    probabilities = dict(probability=True, random_state=0)
    yield "logistic", linear_model.LogisticRegression(max_iter=500)
    yield "logistic_cv", linear_model.LogisticRegressionCV(max_iter=500, cv=3)
    yield "sgd", linear_model.SGDClassifier(random_state=0)
    yield "ridge", linear_model.RidgeClassifier()
    yield "perceptron", linear_model.Perceptron()
    yield "linear_svc", svm.LinearSVC()
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        yield f"svc_{kernel}", svm.SVC(kernel=kernel)
        yield f"svc_{kernel}_probabilities", svm.SVC(kernel=kernel, **probabilities)
    yield "nu_svc", svm.NuSVC(nu=0.1)
    yield "tree", tree.DecisionTreeClassifier(random_state=0)
    yield "extra_tree", tree.ExtraTreeClassifier(random_state=0)
    yield "forest", ensemble.RandomForestClassifier(30, random_state=0)
    yield "extra_trees", ensemble.ExtraTreesClassifier(30, random_state=0)
    yield "boosting", ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0)
    yield "histogram_boosting", ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0)
    yield "ada_boost", ensemble.AdaBoostClassifier(n_estimators=10, random_state=0)
    yield "bagging", ensemble.BaggingClassifier(random_state=0)
    yield "voting", ensemble.VotingClassifier([("a", linear_model.LogisticRegression(max_iter=500)), ("b", tree.DecisionTreeClassifier(random_state=0))], voting="soft", flatten_transform=False)
    yield "stacking", ensemble.StackingClassifier([("a", linear_model.LogisticRegression(max_iter=500)), ("b", tree.DecisionTreeClassifier(random_state=0))])
    yield "neighbours", neighbors.KNeighborsClassifier(5)
    yield "gaussian_bayes", naive_bayes.GaussianNB()
    yield "perceptrons", neural_network.MLPClassifier((16, 8), max_iter=300, random_state=0)
    yield "perceptrons_logistic", neural_network.MLPClassifier((16,), activation="logistic", max_iter=300, random_state=0)


def regressors():
    yield "linear", linear_model.LinearRegression()
    yield "lasso", linear_model.Lasso(alpha=0.1)
    yield "elastic_net", linear_model.ElasticNet(alpha=0.1)
    yield "huber", linear_model.HuberRegressor(max_iter=1000)
    yield "bayesian_ridge", linear_model.BayesianRidge()
    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        yield f"svr_{kernel}", svm.SVR(kernel=kernel)
    yield "nu_svr", svm.NuSVR()
    yield "linear_svr", svm.LinearSVR()
    yield "tree_regression", tree.DecisionTreeRegressor(random_state=0)
    yield "forest_regression", ensemble.RandomForestRegressor(30, random_state=0)
    yield "extra_trees_regression", ensemble.ExtraTreesRegressor(30, random_state=0)
    yield "boosting_regression", ensemble.GradientBoostingRegressor(n_estimators=20, random_state=0)
    yield "histogram_boosting_regression", ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=0)
    yield "ada_boost_regression", ensemble.AdaBoostRegressor(n_estimators=10, random_state=0)
    yield "neighbours_regression", neighbors.KNeighborsRegressor(5)
    yield "perceptrons_regression", neural_network.MLPRegressor(hidden_layer_sizes=(16, 8), max_iter=300, random_state=0)


def transformers():
    yield "standard", preprocessing.StandardScaler()
    yield "min_max", preprocessing.MinMaxScaler()
    yield "max_abs", preprocessing.MaxAbsScaler()
    yield "robust", preprocessing.RobustScaler()
    for norm in ("l1", "l2", "max"):
        yield f"normalizer_{norm}", preprocessing.Normalizer(norm)
    yield "binarizer", preprocessing.Binarizer(threshold=2)
    yield "polynomial", preprocessing.PolynomialFeatures(2)
    yield "bins", preprocessing.KBinsDiscretizer(4, encode="ordinal")
    yield "principal", decomposition.PCA(2)
    yield "k_means", KMeans(4, n_init=3, random_state=0)


def mixed_pipeline(last):
    numbers = pipeline.Pipeline([("impute", impute.SimpleImputer(strategy="median")), ("scale", preprocessing.StandardScaler())])
    words = preprocessing.OneHotEncoder(handle_unknown="ignore")
    columns = compose.ColumnTransformer([("numbers", numbers, [0, 1]), ("words", words, [2]), ("ids", preprocessing.OneHotEncoder(handle_unknown="ignore"), [3])])
    return pipeline.Pipeline([("columns", columns), ("last", last)])


def mixed_cases():
    """Tables with holes, words and numbers of categories, each column an input."""
    import pandas

    rng = np.random.default_rng(0)
    n = 200
    table = pandas.DataFrame({"a": rng.standard_normal(n), "b": rng.standard_normal(n), "word": rng.choice(["red", "green", "blue"], n), "id": rng.integers(0, 4, n)})
    truth = (table["a"] + (table["word"] == "red") + 0.3 * table["id"] > 0.8).to_numpy()
    table.loc[rng.random(n) < 0.1, "a"] = np.nan
    types = [("a", FloatTensorType([None, 1])), ("b", FloatTensorType([None, 1])), ("word", StringTensorType([None, 1])), ("id", Int64TensorType([None, 1]))]
    dtypes = (np.float32, np.float32, object, np.int64)
    inputs = {name: table[[name]].tail(ROWS).to_numpy().astype(dtype) for (name, _), dtype in zip(types, dtypes)}
    for labels in (truth.astype(np.int64), np.where(truth, "yes", "no")):
        for name, last in (("logistic", linear_model.LogisticRegression()), ("forest", ensemble.RandomForestClassifier(20, random_state=0)), ("boosting", ensemble.GradientBoostingClassifier(n_estimators=10, random_state=0))):
            model = mixed_pipeline(last).fit(table, labels)
            yield f"pipeline_{name}_{labels.dtype.kind}", to_onnx(model, initial_types=types), inputs
    encoder = preprocessing.OrdinalEncoder().fit(table[["word"]].to_numpy())
    yield "ordinal", to_onnx(encoder, initial_types=[("word", StringTensorType([None, 1]))]), {"word": inputs["word"]}
    labels = preprocessing.LabelEncoder().fit(table["word"])
    yield "labels", to_onnx(labels, initial_types=[("word", StringTensorType([None]))]), {"word": inputs["word"][:, 0]}


def cases():
    """(name, a function that makes the model, inputs)."""
    iris_x, iris_y = datasets.load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(iris_x))
    iris_x, iris_y = iris_x[order], iris_y[order]
    two = iris_y < 2
    # Words, and classes that are harder to tell than the first two.
    tasks = {
        "three": (iris_x, iris_y),
        "two": (iris_x[iris_y > 0], iris_y[iris_y > 0]),
        "words": (iris_x, np.array(["setosa", "versicolor", "virginica"])[iris_y]),
        "two_words": (iris_x[two], np.array(["no", "yes"])[iris_y[two]]),
    }
    for task, (x, y) in tasks.items():
        for name, model in classifiers():
            model.fit(x[:-ROWS], y[:-ROWS])
            for maps in (True, False):
                # Of half of them what skl2onnx makes by default, which ends with maps.
                options = {id(model): {"zipmap": maps}} if hasattr(model, "predict_proba") else {}
                if not maps and not options:
                    continue
                exported = to_onnx(model, floats(x)[:1], options=options)
                yield f"{name}_{task}{'_maps' if options and maps else ''}", exported, {"X": floats(x)}
    x, y = datasets.load_diabetes(return_X_y=True)
    for name, model in regressors():
        model.fit(x[:-ROWS], y[:-ROWS] / 100)
        yield name, to_onnx(model, floats(x)[:1]), {"X": floats(x)}
    process = gaussian_process.GaussianProcessRegressor().fit(x[:50], y[:50] / 100)
    yield "gaussian_process", to_onnx(process, x[:1]), {"X": x[-ROWS:]}
    for name, model in transformers():
        model.fit(iris_x[:-ROWS])
        yield name, to_onnx(model, floats(iris_x)[:1]), {"X": floats(iris_x)}
    anomalies = ensemble.IsolationForest(n_estimators=20, random_state=0).fit(iris_x[:-ROWS])
    yield "isolation_forest", to_onnx(anomalies, floats(iris_x)[:1], target_opset={"": 18, "ai.onnx.ml": 3}), {"X": floats(iris_x)}
    one_class = svm.OneClassSVM().fit(iris_x[:-ROWS])
    yield "one_class", to_onnx(one_class, floats(iris_x)[:1]), {"X": floats(iris_x)}
    many = ensemble.RandomForestRegressor(10, random_state=0).fit(x[:-ROWS], np.stack([y, -y], 1)[:-ROWS] / 100)
    yield "forest_of_two_targets", to_onnx(many, floats(x)[:1]), {"X": floats(x)}
    yield from mixed_cases()
