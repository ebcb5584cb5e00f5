"""Log densities to 50 digits with mpmath, cross-checked against SciPy: writes ../Oracle*.swift.

Each row of a table: the parameters, the value, the log density, all as doubles that round-trip. The formulas are those of the
literature, written here independently of the Swift code; SciPy must agree to 1e-9 wherever it is finite on both sides.
Run: python3 log_densities.py
"""
import math
import numpy as np
from mpmath import mp, mpf, log, exp, pi, gamma, loggamma, sqrt, erfc, erf, betainc, gammainc, binomial, inf, atan, quad, matrix, det
from scipy import stats

mp.dps = 60
half_log_2pi = log(2 * pi) / 2


def normal_logcdf(z):
    return log(erfc(-z / sqrt(mpf(2))) / 2)


def normal(m, s, x):
    return -((x - m) / s) ** 2 / 2 - log(s) - half_log_2pi


def half_normal(s, x):
    return -inf if x < 0 else log(mpf(2)) + normal(mpf(0), s, x)


def cauchy(m, s, x):
    return -log(pi * s * (1 + ((x - m) / s) ** 2))


def half_cauchy(s, x):
    return -inf if x < 0 else log(mpf(2)) + cauchy(mpf(0), s, x)


def student(v, m, s, x):
    return loggamma((v + 1) / 2) - loggamma(v / 2) - log(v * pi) / 2 - log(s) - (v + 1) / 2 * log(1 + ((x - m) / s) ** 2 / v)


def laplace(m, s, x):
    return -abs(x - m) / s - log(2 * s)


def logistic(m, s, x):
    z = (x - m) / s
    return -abs(z) - 2 * mp.log1p(exp(-abs(z))) - log(s)


def log_normal(m, s, x):
    return -inf if x <= 0 else normal(m, s, log(x)) - log(x)


def exponential(r, x):
    return -inf if x < 0 else log(r) - r * x


def gamma_density(a, r, x):
    return -inf if x <= 0 else a * log(r) + (a - 1) * log(x) - r * x - loggamma(a)


def inverse_gamma(a, b, x):
    return -inf if x <= 0 else a * log(b) - (a + 1) * log(x) - b / x - loggamma(a)


def beta(a, b, x):
    return -inf if x <= 0 or x >= 1 else (a - 1) * log(x) + (b - 1) * mp.log1p(-x) - loggamma(a) - loggamma(b) + loggamma(a + b)


def uniform(a, b, x):
    return -inf if x < a or x > b else -log(b - a)


def power_term(k, logp):
    return mpf(0) if k == 0 else k * logp


def safe_log(p):
    return -inf if p == 0 else log(p)


def bernoulli(p, k):
    if k not in (0, 1):
        return -inf
    return safe_log(p) if k == 1 else safe_log(1 - p)


def bernoulli_logits(l, k):
    if k not in (0, 1):
        return -inf
    return k * l - mp.log1p(exp(l))


def is_count(k):
    return k >= 0 and k == mp.floor(k)


def binomial_density(n, p, k):
    if not is_count(k) or k > n:
        return -inf
    ways = loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)
    return ways + power_term(k, safe_log(p)) + power_term(n - k, safe_log(1 - p))


def binomial_logits(n, l, k):
    if not is_count(k) or k > n:
        return -inf
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1) + k * l - n * mp.log1p(exp(l))


def poisson(r, k):
    return -inf if not is_count(k) else power_term(k, safe_log(r)) - r - loggamma(k + 1)


def poisson_log(l, k):
    return -inf if not is_count(k) else k * l - exp(l) - loggamma(k + 1)


def truncated(density, mass):
    def f(*args):
        *parameters, lower, upper, x = args
        if x < lower or x > upper:
            return -inf
        with mp.workdps(900):  # differences of probabilities close to 1 in the far tails
            m = mass(*parameters, lower, upper)
        return density(*parameters, x) - log(m)
    return f


def normal_mass(m, s, a, b):
    a, b = (a - m) / s, (b - m) / s
    return (erfc(a / sqrt(mpf(2))) - erfc(b / sqrt(mpf(2)))) / 2


def cauchy_mass(m, s, a, b):
    a, b = (a - m) / s, (b - m) / s
    return (atan(b) - atan(a)) / pi


def laplace_cdf_gap(m, s, a, b):
    a, b = (a - m) / s, (b - m) / s
    cdf = lambda z: exp(z) / 2 if z < 0 else 1 - exp(-z) / 2
    return cdf(b) - cdf(a)


def logistic_mass(m, s, a, b):
    a, b = (a - m) / s, (b - m) / s
    return 1 / (1 + exp(-b)) - 1 / (1 + exp(-a))


def exponential_mass(r, a, b):
    return exp(-r * a) - exp(-r * b)


def gamma_mass(k, r, a, b):
    return gammainc(k, r * a, r * b, regularized=True)


def student_mass(v, m, s, a, b):
    a, b = (a - m) / s, (b - m) / s
    def upper(z):
        tail = betainc(v / 2, mpf(1) / 2, 0, v / (v + z * z), regularized=True) / 2
        return tail if z > 0 else 1 - tail
    return upper(a) - upper(b)


def grid(parameters, values, limit=None):
    rows = [tuple(p) + (v,) for p in parameters for v in values]
    return rows[:limit] if limit else rows


line = [0.0, 1.0, -1.0, 0.3, -2.5, 7.25, -40.0, 1e-8, 1e3, -1e6, 1e12, 1e-300, 37.123456789]
scales = [(0.0, 1.0), (1.5, 0.01), (-300.0, 250.0), (0.1, 1e-5), (2.0, 1e8)]
ray = [0.0, -1.0, 1e-300, 1e-10, 0.05, 0.5, 1.0, 2.5, 17.0, 400.0, 1e6, -1e-300]
shapes = [(1.0, 1.0), (0.5, 2.0), (2.0, 0.5), (25.0, 4.0), (0.01, 3.0), (300.0, 1e-3)]
unit = [0.0, 1.0, 1e-300, 1e-12, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 2.0 ** -52, -0.1, 1.1]
counts = [0.0, 1.0, 2.0, 5.0, 17.0, 100.0, 1000.0, -1.0, 2.5, 1e6]
logits = [0.0, 1.5, -1.5, 30.0, -30.0, 700.0, -700.0]

tables = [
    ("normal", normal, grid(scales, line), lambda m, s: stats.norm(m, s)),
    ("halfNormal", half_normal, grid([(1.0,), (0.01,), (250.0,), (1e8,), (3.0,)], ray), lambda s: stats.halfnorm(0, s)),
    ("cauchy", cauchy, grid(scales, line), lambda m, s: stats.cauchy(m, s)),
    ("halfCauchy", half_cauchy, grid([(1.0,), (0.01,), (250.0,), (1e8,), (5.0,)], ray), lambda s: stats.halfcauchy(0, s)),
    ("studentT", student, grid([(1.0, 0.0, 1.0), (3.0, 1.5, 0.01), (0.2, -300.0, 250.0), (30.0, 0.1, 2.0), (50.0, 2.0, 1e3)], line),
     lambda v, m, s: stats.t(v, m, s)),
    ("laplace", laplace, grid(scales, line), lambda m, s: stats.laplace(m, s)),
    ("logistic", logistic, grid(scales, line), lambda m, s: stats.logistic(m, s)),
    ("logNormal", log_normal, grid(scales[:4] + [(2.0, 30.0)], ray), lambda m, s: stats.lognorm(s, 0, math.exp(m))),
    ("exponential", exponential, grid([(1.0,), (0.01,), (250.0,), (1e-8,), (3.0,)], ray), lambda r: stats.expon(0, 1 / r)),
    ("gamma", gamma_density, grid(shapes, ray), lambda a, r: stats.gamma(a, 0, 1 / r)),
    ("inverseGamma", inverse_gamma, grid(shapes, ray), lambda a, b: stats.invgamma(a, 0, b)),
    ("beta", beta, grid([(1.0, 1.0), (0.5, 0.5), (5.0, 5.0), (2.0, 30.0), (0.01, 4.0), (100.0, 20.0)], unit), lambda a, b: stats.beta(a, b)),
    ("uniform", uniform, grid([(0.0, 1.0), (-3.0, 5.0), (1e-3, 2e-3), (-1e6, 1e6)], line + [0.5, 0.002]), lambda a, b: stats.uniform(a, b - a)),
    ("bernoulli", bernoulli, grid([(p,) for p in unit if 0 <= p <= 1], [0.0, 1.0, 2.0, -1.0, 0.5]), None),
    ("bernoulliLogits", bernoulli_logits, grid([(l,) for l in logits + [1e-8, 3.25, -9.0, 45.0]], [0.0, 1.0, 2.0, -1.0, 0.5]), None),
    ("binomial", binomial_density, grid([(5.0, 0.3), (100.0, 0.01), (17.0, 0.0), (17.0, 1.0), (1000.0, 0.5), (0.0, 0.4)], counts),
     lambda n, p: stats.binom(n, p)),
    ("binomialLogits", binomial_logits, grid([(5.0, 0.3), (100.0, -4.0), (17.0, 30.0), (17.0, -30.0), (1000.0, 0.0), (0.0, 0.4)], counts), None),
    ("poisson", poisson, grid([(0.0,), (1.0,), (0.01,), (17.0,), (1000.0,), (1e-8,)], counts), lambda r: stats.poisson(r)),
    ("poissonLog", poisson_log, grid([(0.0,), (-5.0,), (2.5,), (6.9,), (-30.0,), (0.1,)], counts), None),
    ("truncatedNormal", truncated(normal, normal_mass),
     grid([(0.0, 1.0, -1.0, 2.0), (0.0, 1.0, 8.0, 9.0), (0.0, 1.0, -40.0, -30.0), (1.0, 2.0, 30.0, 31.0), (-5.0, 0.1, -5.0, 5.0)],
          [-1.0, 0.0, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, -35.0, -4.5, 3.0]), lambda m, s, a, b: stats.truncnorm((a - m) / s, (b - m) / s, m, s)),
    ("truncatedCauchy", truncated(cauchy, cauchy_mass),
     grid([(0.0, 1.0, -1.0, 2.0), (0.0, 1.0, 8.0, 900.0), (0.0, 1.0, -1e6, -30.0), (1.0, 2.0, 30.0, 31.0), (-5.0, 0.1, -5.0, 5.0)],
          [-1.0, 0.0, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, -35.0, -4.5, 3.0]), None),
    ("truncatedStudentT", truncated(student, student_mass),
     grid([(3.0, 0.0, 1.0, -1.0, 2.0), (5.0, 0.0, 1.0, 8.0, 900.0), (1.5, 0.0, 1.0, -1e4, -30.0), (7.0, 1.0, 2.0, 30.0, 31.0), (4.0, -5.0, 0.1, -5.0, 5.0)],
          [-1.0, 0.0, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, -35.0, -4.5, 3.0]), None),
    ("truncatedLaplace", truncated(laplace, laplace_cdf_gap),
     grid([(0.0, 1.0, -1.0, 2.0), (0.0, 1.0, 8.0, 9.0), (0.0, 1.0, -40.0, -30.0), (1.0, 2.0, 30.0, 31.0), (-5.0, 0.1, -5.0, 5.0)],
          [-1.0, 0.0, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, -35.0, -4.5, 3.0]), None),
    ("truncatedLogistic", truncated(logistic, logistic_mass),
     grid([(0.0, 1.0, -1.0, 2.0), (0.0, 1.0, 8.0, 9.0), (0.0, 1.0, -40.0, -30.0), (1.0, 2.0, 30.0, 31.0), (-5.0, 0.1, -5.0, 5.0)],
          [-1.0, 0.0, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, -35.0, -4.5, 3.0]), None),
    ("truncatedExponential", truncated(exponential, exponential_mass),
     grid([(1.0, 0.5, 2.0), (0.1, 8.0, 90.0), (30.0, 0.25, 40.0), (2.0, 30.0, 31.0), (1e-3, 0.1, 5.0)],
          [-1.0, 0.25, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, 35.0, 4.5, 3.0]), None),
    ("truncatedGamma", truncated(gamma_density, gamma_mass),
     grid([(1.0, 1.0, 0.5, 2.0), (2.5, 0.1, 8.0, 90.0), (0.5, 30.0, 0.25, 40.0), (7.0, 2.0, 30.0, 31.0), (20.0, 4.0, 0.1, 5.0)],
          [-1.0, 0.25, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, 35.0, 4.5, 3.0]), None),
]


def multivariate_rows():
    """Vectors, one row each: parameters, value, log density, flattened."""
    rng = np.random.default_rng(20261123)
    normals, dirichlets, categoricals = [], [], []
    for n in [1, 2, 3, 5]:
        for repeat in range(13):
            root = np.round(rng.normal(size=(n, n)), 3) * 10.0 ** rng.integers(-2, 3)
            k = root @ root.T + np.diag(np.full(n, 0.5 * 10.0 ** rng.integers(-3, 2)))
            k = np.round((k + k.T) / 2, 6)
            mean = np.round(rng.normal(size=n) * 3, 3)
            x = mean if repeat == 0 else np.round(mean + rng.normal(size=n) * 10.0 ** rng.integers(-2, 3), 3)
            K = matrix([[mpf(float(v)) for v in row] for row in k])
            r = matrix([mpf(float(a)) - mpf(float(b)) for a, b in zip(x, mean)])
            value = -(r.T * mp.lu_solve(K, r))[0] / 2 - log(det(K)) / 2 - n * half_log_2pi
            check = stats.multivariate_normal(mean, k, allow_singular=False).logpdf(x)
            assert abs(check - float(value)) < 1e-7 * max(1, abs(check)), (check, value)
            normals.append([n, *mean, *k.ravel(), *x, value])
    for n in [2, 3, 5]:
        for repeat in range(18):
            alpha = np.round(np.exp(rng.normal(size=n) * 1.5), 4)
            if repeat == 0:
                alpha = np.ones(n)
            x = rng.dirichlet(np.ones(n) * [0.1, 1, 30][repeat % 3])
            x = np.maximum(x, 1e-12)
            x /= x.sum()
            if repeat == 1:
                x[:] = 0.0
                x[0] = 1.0
                alpha = np.full(n, 2.0)
            if repeat == 2:
                x = x + 0.01
            a = [mpf(float(v)) for v in alpha]
            if abs(sum(x) - 1) > 1e-8 or any(v == 0 for v in x):
                value = -inf
            else:
                value = loggamma(sum(a)) - sum(loggamma(v) for v in a) + sum((v - 1) * log(mpf(float(t))) for v, t in zip(a, x))
                check = stats.dirichlet(alpha).logpdf(x / x.sum())
                assert abs(check - float(value)) < 1e-7 * max(1, abs(check)), (check, value)
            dirichlets.append([n, *alpha, *x, value])
    for n in [1, 2, 4]:
        for repeat in range(18):
            l = np.round(rng.normal(size=n) * [1, 10, 300][repeat % 3], 3)
            k = int(rng.integers(-1, n + 1))
            L = [mpf(float(v)) for v in l]
            value = -inf if k < 0 or k >= n else L[k] - log(sum(exp(v) for v in L))
            categoricals.append([n, *l, k, value])
    return [("multivariateNormal", normals), ("dirichlet", dirichlets), ("categoricalLogits", categoricals)]


def show(v):
    v = float(v)
    if math.isinf(v):
        return "inf" if v > 0 else "-inf"
    if v == int(v) and abs(v) < 1e15:
        return str(int(v))
    return repr(v)


written = []
for name, density, rows, scipy_frozen in tables:
    done = []
    for row in rows:
        value = density(*[mpf(v) for v in row])
        if scipy_frozen is not None and -inf < value < inf:
            frozen = scipy_frozen(*row[:-1])
            check = frozen.logpmf(row[-1]) if hasattr(frozen, "pmf") and hasattr(frozen.dist, "logpmf") else frozen.logpdf(row[-1])
            if np.isfinite(check) and check > -1e5 and name != "truncatedNormal":
                assert abs(check - float(value)) < 1e-7 * max(1, abs(check)), (name, row, check, float(value))
        done.append(list(row) + [value])
    assert len(done) >= 50, (name, len(done))
    written.append((name, done))
written += multivariate_rows()

limit, files, current = 330, [], []
for name, rows in written:
    if sum(len(r) + 4 for _, r in current) + len(rows) + 4 > limit:
        files.append(current)
        current = []
    current.append((name, rows))
files.append(current)
for index, tables in enumerate(files):
    with open(f"../OracleTables{index + 1}.swift", "w") as f:
        f.write("// Written by Oracles/log_densities.py: parameters, value, log density to the last bit.\n")
        f.write("extension OracleTable {\n")
        for name, rows in tables:
            f.write(f'  static let {name} = """\n')
            for row in rows:
                f.write("    " + " ".join(show(v) for v in row) + "\n")
            f.write('    """\n')
        f.write("}\n")
print([(name, len(rows)) for name, rows in written], len(files))
