"""scikit-learn's IsolationForest on the rows that the bench wrote: fit seconds, ROC area of first
class or not on the test rows, nanoseconds per scored row."""
import sys
import time

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

folder, width, trees, sample = sys.argv[1], *map(int, sys.argv[2:5])


def read(name):
    rows = np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(-1, width)
    return rows, np.fromfile(f"{folder}/{name}.u16", np.uint16)


def timed(work, times_run):
    times = []
    for _ in range(times_run):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


train, train_labels = read("train")
test, test_labels = read("test")
benign = train[train_labels == 0]
forest = IsolationForest(n_estimators=trees, max_samples=sample, random_state=1, n_jobs=1)
fit, _ = timed(lambda: forest.fit(benign), 1)
score, strange = timed(lambda: -forest.score_samples(test), 3)
print(fit, roc_auc_score(test_labels != 0, strange), score / len(test) * 1e9, flush=True)
