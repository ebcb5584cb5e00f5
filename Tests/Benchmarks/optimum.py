"""The mean-field normal with the largest ELBO, exactly: what a stochastic fit of that family should end at.

Prints JSON: for each variable the mean and the standard deviation of the optimum (of the constrained values, as a posterior summary shows them). Both models have
ELBOs that are sums of closed forms and one-dimensional Gaussian integrals, which Gauss–Hermite quadrature gives to rounding, so nothing here is random and
nothing is shared with Credence. Needs numpy and scipy: `python optimum.py MODEL DATA.json` with MODEL eight_schools or logreg.
"""
import json, sys
import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

nodes, weights = np.polynomial.hermite_e.hermegauss(64)
weights = weights / weights.sum()


def eight_schools(d):
    """mu ~ N(0, 5), tau ~ HalfCauchy(5), xi ~ N(0, 1), y ~ N(mu + tau xi, sigma); unknowns mu, log tau, xi."""
    y, sigma = np.array(d["y"], float), np.array(d["sigma"], float)
    n = len(y)

    def loss(p):
        m, log_s = p[: n + 2], p[n + 2:]
        s = np.exp(log_s)
        mu, t, x = m[0], m[1], m[2:]
        vmu, vt, vx = s[0] ** 2, s[1] ** 2, s[2:] ** 2
        tau, tau2 = np.exp(t + vt / 2), np.exp(2 * t + 2 * vt)
        # E (y − mu − tau xi)²
        square = (y - mu) ** 2 - 2 * (y - mu) * tau * x + tau2 * (x**2 + vx) + vmu
        values = -0.5 * np.sum(square / sigma**2) - 0.5 * (mu**2 + vmu) / 25 - 0.5 * np.sum(x**2 + vx)
        u = t + s[1] * nodes
        values += t - np.sum(weights * np.log1p(np.exp(2 * u) / 25)) + np.sum(log_s)
        slope = 2 * np.exp(2 * u) / (25 + np.exp(2 * u))
        g = np.zeros_like(p)
        g[0] = np.sum((y - mu - tau * x) / sigma**2) - mu / 25
        dtau = np.sum((y - mu) * x / sigma**2)
        dtau2 = -0.5 * np.sum((x**2 + vx) / sigma**2)
        g[1] = dtau * tau + dtau2 * 2 * tau2 + 1 - np.sum(weights * slope)
        g[2 : n + 2] = ((y - mu) * tau - tau2 * x) / sigma**2 - x
        g[n + 2] = -vmu * (np.sum(1 / sigma**2) + 1 / 25) + 1
        g[n + 3] = dtau * tau * vt + dtau2 * tau2 * 4 * vt - np.sum(weights * slope * nodes) * s[1] + 1
        g[n + 4:] = -vx * (tau2 / sigma**2 + 1) + 1
        return -values, -g

    p = best(loss, np.concatenate([np.zeros(n + 2), -np.ones(n + 2)]))
    m, s = p[: n + 2], np.exp(p[n + 2:])
    tau = np.exp(m[1] + s[1] ** 2 / 2)
    return {
        "mu": {"mean": m[0], "sd": s[0]}, "tau": {"mean": tau, "sd": tau * np.sqrt(np.expm1(s[1] ** 2))},
        "xi": {"mean": list(m[2:]), "sd": list(s[2:])},
    }


def logreg(d):
    """alpha, beta ~ N(0, 1), y ~ Bernoulli(logit = alpha + X beta)."""
    x, y = np.array(d["X"], float), np.array(d["y"], float)
    x = np.hstack([np.ones((len(y), 1)), x])
    k = x.shape[1]
    squares = x**2

    def loss(p):
        m, s = p[:k], np.exp(p[k:])
        mean, variance = x @ m, squares @ s**2
        eta = mean[:, None] + np.sqrt(variance)[:, None] * nodes
        value = y @ mean - np.sum(np.logaddexp(0, eta) @ weights) - 0.5 * np.sum(m**2 + s**2) + np.sum(p[k:])
        probability = expit(eta)
        g = x.T @ (y - probability @ weights) - m
        # d E f / d variance = E f'' / 2
        curvature = (probability * (1 - probability)) @ weights
        gs = -(squares.T @ curvature) * s**2 - s**2 + 1
        return -value, -np.concatenate([g, gs])

    p = best(loss, np.concatenate([np.zeros(k), np.full(k, -3.0)]))
    m, s = p[:k], np.exp(p[k:])
    return {"alpha": {"mean": m[0], "sd": s[0]}, "beta": {"mean": list(m[1:]), "sd": list(s[1:])}}


def best(loss, start):
    """L-BFGS over (means, log standard deviations), the latter kept below 2 where exponentials of variances stay finite."""
    k = len(start) // 2
    bounds = [(-30, 30)] * k + [(-12, 2)] * k
    x = start
    for _ in range(5):
        x = minimize(loss, x, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000, "maxfun": 20000, "ftol": 0, "gtol": 1e-9}).x
    largest = np.abs(loss(x)[1]).max()
    if not largest < 1e-3:
        sys.exit(f"optimum.py: the gradient at the end is {largest:g}")
    return x


if __name__ == "__main__":
    model, path = sys.argv[1:]
    print(json.dumps({"eight_schools": eight_schools, "logreg": logreg}[model](json.load(open(path)))))
