"""scikit-learn on the rows that the bench wrote: one line per model,
name, fit seconds, accuracy on the test rows, nanoseconds per scored row."""
import sys
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

folder, width, depth, leaf, trees, threads = sys.argv[1], *map(int, sys.argv[2:7])


def read(name):
    rows = np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(-1, width)
    return rows, np.fromfile(f"{folder}/{name}.u16", np.uint16)


train, train_labels = read("train")
test, test_labels = read("test")
tree = DecisionTreeClassifier(max_depth=depth or None, min_samples_leaf=leaf, random_state=1)
forest = RandomForestClassifier(n_estimators=trees, min_samples_leaf=leaf, n_jobs=threads,
                                random_state=1)
models = {"tree": tree, "bayes": GaussianNB()}
if trees > 0:
    models["forest"] = forest
for name, model in models.items():
    start = time.perf_counter()
    model.fit(train, train_labels)
    fit = time.perf_counter() - start
    times = []
    for _ in range(3):
        start = time.perf_counter()
        probabilities = model.predict_proba(test)
        times.append(time.perf_counter() - start)
    accuracy = (probabilities.argmax(axis=1) == test_labels).mean()
    print(name, fit, accuracy, min(times) / len(test) * 1e9, flush=True)
