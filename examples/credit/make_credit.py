#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes credit.onnx and applicants.csv beside itself (needs numpy and onnx).

The applicants are SYNTHETIC: drawn from the distributions below, and each defaults with the probability that `risk`
states. No person, bank or data set stands behind them. A network of one hidden layer is trained on 20,000 of them by
Adam and tested on 20,000 others. It is here to have something small to run, and decides about nobody.
"""
import csv
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FEATURES = ["age", "income", "employed_years", "debt_ratio", "late_payments", "amount", "duration_months", "savings"]
HIDDEN, STEPS, RATE, BATCH = 16, 1500, 0.01, 512
rng = np.random.default_rng(2026)


def draw(count):
    age = rng.uniform(19, 75, count)
    income = np.exp(rng.normal(10.2, 0.5, count))
    employed = np.minimum(rng.exponential(6, count), age - 18)
    debt = rng.beta(2, 4, count)
    late = rng.poisson(0.6 + 2 * debt)
    amount = income * rng.uniform(0.05, 1.2, count)
    duration = rng.choice([6, 12, 18, 24, 36, 48, 60], count)
    savings = income * rng.exponential(0.3, count)
    return np.round(np.stack([age, income, employed, debt, late, amount, duration, savings], 1), 2)


def risk(x):
    """The truth that the network is to find: log-odds of a default."""
    age, income, employed, debt, late, amount, duration, savings = x.T
    burden = amount / duration * 12 / income
    z = -2.9 + 3 * debt + 0.55 * late + 1.2 * burden - 0.08 * employed - 0.8 * savings / income
    z += np.where((late > 2) & (debt > 0.4), 1.0, 0.0)  # the two together weigh more than each alone
    return 1 / (1 + np.exp(-z))


def auc(y, p):
    rank = np.empty(len(p))
    rank[np.argsort(p)] = np.arange(1, len(p) + 1)
    good = y.sum()
    return (rank[y == 1].sum() - good * (good + 1) / 2) / (good * (len(y) - good))


def forward(w, x):
    hidden = np.maximum(x @ w[0] + w[1], 0)
    return hidden, 1 / (1 + np.exp(-(hidden @ w[2] + w[3])[:, 0]))


def train(x, y):
    w = [rng.normal(0, (2 / len(FEATURES)) ** 0.5, (len(FEATURES), HIDDEN)), np.zeros(HIDDEN),
         rng.normal(0, (2 / HIDDEN) ** 0.5, (HIDDEN, 1)), np.zeros(1)]
    m, v = [0 * a for a in w], [0 * a for a in w]
    for step in range(1, STEPS + 1):
        pick = rng.integers(0, len(x), BATCH)
        hidden, p = forward(w, x[pick])
        d = (p - y[pick])[:, None] / BATCH  # of the cross-entropy, before the sigmoid
        dh = d @ w[2].T * (hidden > 0)
        for i, g in enumerate([x[pick].T @ dh, dh.sum(0), hidden.T @ d, d.sum(0)]):
            m[i] = 0.9 * m[i] + 0.1 * g
            v[i] = 0.999 * v[i] + 0.001 * g * g
            w[i] = w[i] - RATE * (m[i] / (1 - 0.9**step)) / ((v[i] / (1 - 0.999**step)) ** 0.5 + 1e-8)
    return w


def make_model(w, mean, scale, quality):
    constants = {"mean": mean, "scale": scale, "w1": w[0], "b1": w[1], "w2": w[2], "b2": w[3]}
    nodes = [
        helper.make_node("Sub", ["applicants", "mean"], ["centred"], "centre"),
        helper.make_node("Div", ["centred", "scale"], ["standardised"], "standardise"),
        helper.make_node("Gemm", ["standardised", "w1", "b1"], ["hidden"], "first"),
        helper.make_node("Relu", ["hidden"], ["active"], "activation"),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["log_odds"], "second"),
        helper.make_node("Sigmoid", ["log_odds"], ["default_probability"], "probability"),
    ]
    graph = helper.make_graph(
        nodes, "credit",
        [helper.make_tensor_value_info("applicants", TensorProto.FLOAT, ["N", len(FEATURES)])],
        [helper.make_tensor_value_info("default_probability", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                              producer_name="make_credit.py", model_version=1,
                              doc_string="Probability that a loan defaults; trained on synthetic applicants, an example.")
    helper.set_model_props(model, {
        "feature_names": ",".join(FEATURES),
        "trained_on": "20,000 synthetic applicants drawn by make_credit.py, seed 2026",
        "quality": quality,
        "licence": "Apache-2.0",
    })
    onnx.checker.check_model(model)
    return model


here = os.path.dirname(os.path.abspath(__file__))
x, x_test = draw(20000), draw(20000)
y, y_test = ((rng.random(len(part)) < risk(part)).astype(int) for part in (x, x_test))
mean, scale = x.mean(0), x.std(0)
weights = train((x - mean) / scale, y)
p_test = forward(weights, (x_test - mean) / scale)[1]
quality = "AUC %.3f, best possible %.3f, on 20,000 other applicants of whom %.1f %% default" % (
    auc(y_test, p_test), auc(y_test, risk(x_test)), 100 * y_test.mean())
print(quality)
onnx.save(make_model(weights, mean, scale, quality), os.path.join(here, "credit.onnx"))
with open(os.path.join(here, "applicants.csv"), "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(FEATURES)
    sixths = np.linspace(0, len(p_test) - 1, 6).astype(int)  # from the safest to the riskiest
    table.writerows([["%g" % value for value in row] for row in x_test[np.argsort(p_test)[sixths]]])
