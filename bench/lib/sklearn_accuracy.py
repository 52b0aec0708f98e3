"""What scikit-learn reaches on many tables with given folds, over ten seeds: one JSON line a table, for bench/accuracy.ts.
   /usr/bin/python3 bench/lib/sklearn_accuracy.py <table name part> ...   (from the project's root; no name: all)
A line: {name, columns: {name: cells}, target: cells, folds: [fold of each row], models: [{sklearn, ours, scores: {metric: [one a seed]}}]}.
A score is the mean over the folds; f1 is of class 1, for three classes and more the mean over the classes."""
import json, sys, time, warnings, numpy as np, pandas as pd
from sklearn import datasets as bundled
from sklearn.compose import make_column_transformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import f1_score, mean_squared_error, r2_score, roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

warnings.filterwarnings("ignore")
seeds = range(10)

def frame(X):
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]) if isinstance(X, np.ndarray) else X

def classes_of(seed, rows, features, **more):
    return bundled.make_classification(rows, features, random_state=seed, **more)

def ai4i():
    t = pd.read_csv("examples/data/ai4i2020.csv")
    return t[["Type", "Air temperature [K]", "Process temperature [K]", "Rotational speed [rpm]", "Torque [Nm]", "Tool wear [min]"]], t["Machine failure"].values

def tablets():
    t = pd.read_csv("examples/data/tablet_batches_codes13_23.csv")
    out = ["tbl_av_hardness", "tbl_min_hardness", "tbl_max_hardness", "tbl_tensile", "batch", "code", "strength", "size", "start"]
    t = t[[c for c in t.columns if c not in out] + ["tbl_av_hardness"]].apply(pd.to_numeric, errors="coerce").dropna()
    return t.drop(columns="tbl_av_hardness"), t["tbl_av_hardness"].values

def turbofan():
    t = pd.read_csv("examples/data/turbofan_fd001_units1_10.csv")
    life = np.minimum(125, t.groupby("unit")["cycle"].transform("max") - t["cycle"]).values
    return t.drop(columns=["unit", "cycle"]), life, t["unit"].values

def with_categories(seed, kind):
    rng = np.random.default_rng(seed); n = 2000
    X = pd.DataFrame({"level": rng.normal(size=n), "speed": rng.normal(size=n)})
    effect = 0.5 * X["level"]
    for name, count in (("line", 4), ("tool", 12), ("supplier", 40)):
        code = rng.integers(0, count, n); each = rng.normal(0, 1, count)
        X[name] = [f"{name} {c:02d}" for c in code]; effect = effect + each[code]
    y = effect + rng.normal(0, 0.7, n)
    return X, ((y > 0.8).astype(int) if kind == "class" else y.values)

def with_noise(seed, kind, rows=1500):
    """Categories that say nothing, beside numbers that do: the more categories, the more a tree can imagine."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    y = X["a"] + X["b"] * X["c"] + rng.normal(0, 1, rows)
    for name, count in (("shift", 3), ("line", 12), ("operator", rows // 25), ("serial", rows // 3)):
        X[name] = [f"{name} {c:03d}" for c in rng.integers(0, count, rows)]
    return X, ((y > 0.7).astype(int) if kind == "class" else y.values)

def thirds_of(seed):
    X, y = with_categories(seed, "number")
    return X, np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))

def with_gaps(seed, kind, because):
    rng = np.random.default_rng(seed)
    X, y = classes_of(seed, 1500, 10, n_informative=6) if kind == "class" else bundled.make_friedman1(1500, noise=1, random_state=seed)
    gap = rng.random(X.shape) < 0.2 if because == "chance" else (X > np.quantile(X, 0.8, axis=0)) & (rng.random(X.shape) < 0.8)
    X = X.copy(); X[gap] = np.nan
    return X, y

def repeated(seed, kind):
    rng = np.random.default_rng(seed); row = np.repeat(np.arange(200), 8)
    X, y = classes_of(seed, 200, 8, n_informative=5) if kind == "class" else bundled.make_friedman1(200, n_features=8, random_state=seed)
    noisy = np.where(rng.random(1600) < 0.15, 1 - y[row], y[row]) if kind == "class" else y[row] + rng.normal(0, 2, 1600)
    return X[row], noisy

def steps(seed):
    rng = np.random.default_rng(seed); X = rng.integers(0, 5, (1500, 8)).astype(float)
    return X, 2.0 * (X[:, 0] > 2) + X[:, 1] * (X[:, 2] > 1) + rng.normal(0, 0.5, 1500)

def many(seed):
    X, y = bundled.make_friedman1(20000, n_features=10, noise=1, random_state=seed)
    return X, y

def rule(seed, rows=20000):
    """Rare, and said by one number among many different ones."""
    X = np.random.default_rng(seed).normal(size=(rows, 6))
    return X, (X[:, 0] > 2.7).astype(int)

forest_c, forest_r = dict(algorithm="forest-classifier"), dict(algorithm="forest-regressor")
C, R = RandomForestClassifier, RandomForestRegressor
plain_c = [(C, {}, forest_c)]
plain_r = [(R, {}, forest_r)]
shapes_c = plain_c + [(C, dict(class_weight="balanced"), {**forest_c, "classWeight": "balanced"}), (C, dict(max_depth=5, min_samples_leaf=5), {**forest_c, "maxDepth": 5, "minLeaf": 5})]
shapes_r = plain_r + [(R, dict(max_features=0.34, min_samples_leaf=3), {**forest_r, "maxFeatures": 0.34, "minLeaf": 3}), (R, dict(max_depth=5), {**forest_r, "maxDepth": 5})]
lines = [(LinearRegression, {}, dict(algorithm="linear")), (Ridge, dict(alpha=1), dict(algorithm="ridge", alpha=1)), (Ridge, dict(alpha=30), dict(algorithm="ridge", alpha=30))]
few = dict(n_estimators=30)

# name: table, models, folds, groups?
def loaded(load): return lambda: load(return_X_y=True)
tables = {
    "AI4I": (ai4i, shapes_c, 3),
    "breast cancer": (loaded(bundled.load_breast_cancer), shapes_c, 5),
    "wine": (loaded(bundled.load_wine), plain_c, 5),
    "iris": (loaded(bundled.load_iris), plain_c, 5),
    "digits": (loaded(bundled.load_digits), plain_c, 3),
    "two classes": (lambda: classes_of(1, 1000, 20, n_informative=8, flip_y=0.05), shapes_c, 3),
    "ten classes": (lambda: classes_of(2, 2000, 20, n_informative=12, n_classes=10, n_clusters_per_class=1), shapes_c, 3),
    "rare class": (lambda: classes_of(3, 3000, 12, n_informative=6, weights=[0.97], flip_y=0), shapes_c, 3),
    "three uneven classes": (lambda: classes_of(4, 1500, 12, n_informative=7, n_classes=3, weights=[0.8, 0.15]), shapes_c, 3),
    "classes, few rows": (lambda: classes_of(5, 60, 6, n_informative=4), plain_c, 5),
    "classes, more columns than rows": (lambda: classes_of(6, 150, 300, n_informative=20), plain_c, 3),
    "classes, categories": (lambda: with_categories(7, "class"), plain_c, 3),
    "three classes, categories": (lambda: thirds_of(16), plain_c, 3),
    "classes, categories of noise": (lambda: with_noise(17, "class"), plain_c, 3),
    "classes, categories of noise, few rows": (lambda: with_noise(18, "class", 150), plain_c, 5),
    "classes, gaps by chance": (lambda: with_gaps(8, "class", "chance"), plain_c, 3),
    "classes, gaps in large values": (lambda: with_gaps(9, "class", "size"), plain_c, 3),
    "classes, ties": (lambda: (lambda X, y: (np.round(X), y))(*classes_of(10, 1500, 10, n_informative=6)), plain_c, 3),
    "classes, repeated rows": (lambda: repeated(11, "class"), plain_c, 3),
    "classes, offset 1e9": (lambda: (lambda X, y: (X + 1e9, y))(*classes_of(12, 1000, 10, n_informative=6)), plain_c, 3),
    "classes, scale 1e-12": (lambda: (lambda X, y: (X * 1e-12, y))(*classes_of(13, 1000, 10, n_informative=6)), plain_c, 3),
    "classes, a rare rule, 20,000 rows": (lambda: rule(21), [(C, dict(n_estimators=20), {**forest_c, "trees": 20}), (C, dict(n_estimators=20, max_depth=1, max_features=None), {**forest_c, "trees": 20, "maxDepth": 1, "maxFeatures": "all"})], 2),
    "tablets": (tablets, shapes_r + lines, 5),
    "turbofan": (turbofan, [(R, {**few, "max_features": 0.34}, {**forest_r, "trees": 30, "maxFeatures": 0.34}), (R, few, {**forest_r, "trees": 30})], 5),
    "diabetes": (loaded(bundled.load_diabetes), shapes_r + lines, 5),
    "friedman 1": (lambda: bundled.make_friedman1(800, noise=1, random_state=1), shapes_r + lines, 3),
    "friedman 2": (lambda: bundled.make_friedman2(800, noise=20, random_state=2), plain_r + lines, 3),
    "friedman 3": (lambda: bundled.make_friedman3(800, noise=0.1, random_state=3), plain_r + lines, 3),
    "numbers, few rows": (lambda: bundled.make_friedman1(50, n_features=6, noise=1, random_state=4), plain_r + lines, 5),
    "numbers, more columns than rows": (lambda: bundled.make_regression(100, 200, n_informative=10, noise=5, random_state=5), plain_r + lines[1:], 3),
    "numbers, categories": (lambda: with_categories(6, "number"), plain_r + lines[:1], 3),
    "numbers, categories of noise": (lambda: with_noise(19, "number"), plain_r, 3),
    "numbers, categories of noise, few rows": (lambda: with_noise(20, "number", 150), plain_r, 5),
    "numbers, gaps by chance": (lambda: with_gaps(7, "number", "chance"), plain_r, 3),
    "numbers, gaps in large values": (lambda: with_gaps(8, "number", "size"), plain_r, 3),
    "numbers, ties": (lambda: steps(9), shapes_r + lines, 3),
    "numbers, repeated rows": (lambda: repeated(10, "number"), plain_r, 3),
    "numbers, offset 1e9": (lambda: (lambda X, y: (X + 1e9, y + 1e9))(*bundled.make_friedman1(800, noise=1, random_state=11)), plain_r + lines, 3),
    "numbers, scale 1e-12": (lambda: (lambda X, y: (X * 1e-12, y * 1e-12))(*bundled.make_friedman1(800, noise=1, random_state=12)), plain_r + lines[:1], 3),
    "numbers, long tail": (lambda: (lambda X, y: (X, np.exp(y / 3)))(*bundled.make_friedman1(1000, noise=1, random_state=13)), plain_r, 3),
    "numbers, 20,000 rows": (lambda: many(14), [(R, dict(n_estimators=10, max_features=0.34), {**forest_r, "trees": 10, "maxFeatures": 0.34})], 2),
    "classes, 20,000 rows": (lambda: classes_of(15, 20000, 12, n_informative=8, flip_y=0.05), [(C, dict(n_estimators=20), {**forest_c, "trees": 20})], 2),
}

def encoders(X, is_line):
    """Ways to make numbers of texts and gaps; where there are several, what comes out best is the reference."""
    texts = make_column_selector(dtype_include=object)
    if X.isna().any().any():
        return [SimpleImputer(strategy="median"), SimpleImputer(strategy="mean", add_indicator=True)]
    if len(texts(X)) == 0:
        return [None]
    hot = make_column_transformer((OneHotEncoder(drop="first" if is_line else None, handle_unknown="ignore", sparse_output=False), texts), remainder="passthrough")
    return [hot] if is_line else [make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts), remainder="passthrough"), hot]

def scores_of(make, X, y, folds, is_classes):
    each = {}
    for fold in range(folds.max() + 1):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        m = make().fit(X.iloc[train], y[train])
        if is_classes:
            p = m.predict_proba(X.iloc[test]); k = p.shape[1]; said = m.predict(X.iloc[test])
            each.setdefault("f1", []).append(f1_score(y[test], said, average="binary" if k == 2 else "macro"))
            each.setdefault("rocAuc", []).append(roc_auc_score(y[test], p[:, 1]) if k == 2 else roc_auc_score(y[test], p, multi_class="ovr"))
        else:
            said = m.predict(X.iloc[test])
            each.setdefault("r2", []).append(r2_score(y[test], said))
            each.setdefault("rmse", []).append(mean_squared_error(y[test], said, squared=False))
    return {name: float(np.mean(values)) for name, values in each.items()}

for name, (make_table, models, count) in tables.items():
    if len(sys.argv) > 1 and not any(part in name for part in sys.argv[1:]):
        continue
    X, y, *groups = make_table(); X = frame(X); y = np.asarray(y)
    is_classes = models[0][0] is C
    splitter = GroupKFold(count) if groups else (StratifiedKFold if is_classes else KFold)(count, shuffle=True, random_state=0)
    folds = np.zeros(len(y), int)
    for fold, (_, test) in enumerate(splitter.split(X, y, *groups)):
        folds[test] = fold
    found = []; begun = time.time()
    for kind, params, ours in models:
        is_line = kind in (LinearRegression, Ridge)
        for encoder in encoders(X, is_line):
            def make(seed):
                m = kind(**params) if is_line else kind(random_state=seed, **params)
                return make_pipeline(encoder, m) if encoder is not None else m
            runs = [scores_of(lambda: make(seed), X, y, folds, is_classes) for seed in (range(1) if is_line else seeds)]
            said = f"{kind.__name__}({', '.join(f'{k}={v!r}' for k, v in params.items())})"
            steps_said = "" if encoder is None else f" after {' and '.join(str(part[1] if isinstance(part, tuple) else part) for part in (encoder.transformers if hasattr(encoder, 'transformers') else [encoder])).replace(chr(10), '')}"
            found.append({"sklearn": said + steps_said, "ours": ours, "scores": {m: [r[m] for r in runs] for m in runs[0]}})
    cells = {c: [None if pd.isna(v) else v for v in X[c].tolist()] for c in X.columns}
    print(json.dumps({"name": name, "columns": cells, "target": y.tolist(), "folds": folds.tolist(), "models": found, "seconds": round(time.time() - begun, 1)}), flush=True)
