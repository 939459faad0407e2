"""XGBoost's hist on the rows that the bench wrote: fit seconds, log loss and accuracy on the test
rows, nanoseconds per scored row."""
import sys
import time

import numpy as np
import xgboost

folder, width, classes, rounds, depth, threads = sys.argv[1], *map(int, sys.argv[2:7])
rate = float(sys.argv[7])


def read(name):
    rows = np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(-1, width)
    return rows, np.fromfile(f"{folder}/{name}.u16", np.uint16)


def timed(work, times_run):
    times = []
    for _ in range(times_run):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times), result


train, train_labels = read("train")
test, test_labels = read("test")
options = dict(objective="multi:softprob", num_class=classes, tree_method="hist", max_depth=depth,
               eta=rate, nthread=threads, verbosity=0)
fit, model = timed(lambda: xgboost.train(
    options, xgboost.DMatrix(train, label=train_labels, nthread=threads), rounds), 1)
score, p = timed(lambda: model.predict(xgboost.DMatrix(test, nthread=threads)), 2)
loss = -np.log(np.maximum(p[np.arange(len(p)), test_labels], 1e-15)).mean()
print(fit, loss, (p.argmax(axis=1) == test_labels).mean(), score / len(p) * 1e9, flush=True)
