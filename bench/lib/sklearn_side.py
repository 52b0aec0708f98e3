"""Kept warm beside the bench: each line on stdin is an order as JSON, answered by a line of JSON.
   table    {file, rows, columns}: float64 columns, the last one the target
   forest   {kind: class|number, trees, jobs}: fits, and keeps the model
   one      {times}: seconds of each predict of one row     many  {jobs}: seconds of predicting 10,000 rows
   pickle   {}: bytes, and seconds to load them             linear {threads}: fits
   Training goes over all rows; seconds are this process's own."""
import json, os, pickle, sys, time, warnings
import numpy, sklearn
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

warnings.filterwarnings("ignore")
X = y = model = None

def timed(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun

def table(order):
    global X, y
    values = numpy.fromfile(order["file"], dtype="<f8").reshape(order["columns"], order["rows"])
    X, y = numpy.ascontiguousarray(values[:-1].T), values[-1].copy()
    return {}

def forest(order):
    global model
    kind, target = (RandomForestClassifier, y.astype(int)) if order["kind"] == "class" else (RandomForestRegressor, y)
    model = kind(n_estimators=order["trees"], n_jobs=order["jobs"], random_state=order["seed"])
    return {"seconds": timed(lambda: model.fit(X, target))}

def one(order):
    model.n_jobs = 1
    return {"each": [timed(lambda: model.predict(X[i % len(X)].reshape(1, -1))) for i in range(order["times"])]}

def many(order):
    model.n_jobs = order["jobs"]
    rows = numpy.ascontiguousarray(numpy.resize(X, (10000, X.shape[1])))
    return {"seconds": timed(lambda: model.predict(rows))}

def pickled(order):
    text = pickle.dumps(model)
    return {"bytes": len(text), "seconds": timed(lambda: pickle.loads(text))}

def linear(order):
    fitted = LinearRegression()
    with threadpool_limits(order["threads"]):
        seconds = timed(lambda: fitted.fit(X, y))
    return {"seconds": seconds, "coefficients": fitted.coef_.tolist(), "intercept": fitted.intercept_}

orders = {"table": table, "forest": forest, "one": one, "many": many, "pickle": pickled, "linear": linear}
print(json.dumps({"sklearn": sklearn.__version__, "numpy": numpy.__version__, "cores": os.cpu_count()}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps(orders[order["do"]](order)), flush=True)
