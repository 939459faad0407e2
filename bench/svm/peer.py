"""scikit-learn's SVC on the rows that the bench wrote: seconds (by the clock, of processor time) to
fit and to predict a row, macro-F1, log loss (with probability), support vectors."""
import sys
import time

import numpy as np
from sklearn.metrics import f1_score, log_loss
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

folder, width, scaling, probability = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def read(name):
    rows = np.fromfile(f"{folder}/{name}.f32", np.float32).reshape(-1, width).astype(np.float64)
    return rows, np.fromfile(f"{folder}/{name}.u16", np.uint16)


prefix = "scaled_" if scaling == "ours" else ""
train, labels = read(prefix + "train")
test, truth = read(prefix + "test")
if scaling != "ours":
    scaler = StandardScaler().fit(train)
    train, test = scaler.transform(train), scaler.transform(test)
model = SVC(C=1.0, gamma="scale", probability=probability == "yes")

def spent(work):
    wall, processor = time.perf_counter(), time.process_time()
    out = work()
    return out, time.perf_counter() - wall, time.process_time() - processor


_, *fit = spent(lambda: model.fit(train, labels))
predicted, *predict = spent(lambda: model.predict(test))
predict = [seconds / len(test) for seconds in predict]
loss = -1.0
if probability == "yes":
    loss = log_loss(truth, model.predict_proba(test), labels=model.classes_)
print(*fit, *predict, f1_score(truth, predicted, average="macro"), loss, model.n_support_.sum())
