"""Kept warm beside the bench: reads float64 columns from a file once, then at each line on stdin times
DataFrame.describe() and DataFrame.corr() and answers with the seconds each took. The first answer has the numbers."""
import json, sys, time
import numpy, pandas

file, columns = sys.argv[1], int(sys.argv[2])
values = numpy.fromfile(file, dtype="<f8").reshape(columns, -1)
frame = pandas.DataFrame({f"c{i}": values[i] for i in range(columns)})
print(json.dumps({"pandas": pandas.__version__, "numpy": numpy.__version__, "rows": len(frame)}), flush=True)
for line in sys.stdin:
    begun = time.perf_counter()
    described = frame.describe()
    between = time.perf_counter()
    correlation = frame.corr(method=line.strip())
    ended = time.perf_counter()
    answer = {"describe": between - begun, "corr": ended - between,
              "described": described.to_numpy().T.tolist(), "correlation": correlation.to_numpy().tolist()}
    print(json.dumps(answer), flush=True)
