"""Log densities to 60 digits with mpmath, cross-checked against SciPy: writes ../OracleTables*.swift.

Each row of a table: the parameters, the value, the log density, and the size of the largest term of the sum that it is, all as doubles
that round-trip. A density here is a list of terms, in the best conditioned form known: where terms of size k log k would cancel, the
saddle-point form of Loader (2000). The size says how small an error a sum of doubles can have where the log density crosses zero.
The formulas are written here independently of the Swift code; SciPy must agree to 1e-7 wherever it is finite on both sides.
Run: python3 log_densities.py
"""
import math
import numpy as np
from mpmath import mp, mpf, log, log1p, exp, pi, gamma, loggamma, sqrt, erfc, erf, betainc, gammainc, binomial, inf, atan, quad, matrix, det
from scipy import stats

mp.dps = 60
half_log_2pi = log(2 * pi) / 2
nowhere = [-inf]


def rest(a):
    """log a! - a log a + a: what Stirling's leading terms leave."""
    return mpf(0) if a == 0 else loggamma(a + 1) - a * log(a) + a


def deviance(k, rate):
    if k == 0:
        return rate
    return inf if rate == 0 else k * log(k / rate) + rate - k


def normal(m, s, x):
    return [-((x - m) / s) ** 2 / 2, -log(s), -half_log_2pi]


def half_normal(s, x):
    return nowhere if x < 0 else [log(mpf(2))] + normal(mpf(0), s, x)


def cauchy(m, s, x):
    return [-log1p(((x - m) / s) ** 2), -log(s), -log(pi)]


def half_cauchy(s, x):
    return nowhere if x < 0 else [log(mpf(2))] + cauchy(mpf(0), s, x)


def student(v, m, s, x):
    return [loggamma((v + 1) / 2) - loggamma(v / 2), -log(v * pi) / 2, -log(s), -(v + 1) / 2 * log1p(((x - m) / s) ** 2 / v)]


def laplace(m, s, x):
    return [-abs(x - m) / s, -log(2), -log(s)]


def logistic(m, s, x):
    z = (x - m) / s
    return [-abs(z), -2 * log1p(exp(-abs(z))), -log(s)]


def log_normal(m, s, x):
    return nowhere if x <= 0 else normal(m, s, log(x)) + [-log(x)]


def exponential(r, x):
    return nowhere if x < 0 else [log(r), -r * x]


def gamma_density(a, r, x):
    if x <= 0:
        return nowhere
    if a < 21:
        return [(a - 1) * log(x), -r * x, a * log(r), -loggamma(a)]
    return [-deviance(a - 1, r * x), -rest(a - 1), log(r)]


def inverse_gamma(a, b, x):
    if x <= 0:
        return nowhere
    if a < 21:
        return [-(a + 1) * log(x), -b / x, a * log(b), -loggamma(a)]
    return [-deviance(a + 1, b / x), -rest(a + 1), log(a), log(a + 1), -log(b)]


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def beta(a, b, x):
    if x <= 0 or x >= 1:
        return nowhere
    n = a + b - 2
    if min(a, b) < 21:
        return [(a - 1) * log(x), (b - 1) * log1p(-x), -log_beta(a, b)]
    return [-deviance(a - 1, n * x), -deviance(b - 1, n * (1 - x)), log(n + 1), rest(n), -rest(a - 1), -rest(b - 1)]


def uniform(a, b, x):
    return nowhere if x < a or x > b else [-log(b - a)]


def safe_log(p):
    return -inf if p == 0 else log(p)


def bernoulli(p, k):
    if k not in (0, 1):
        return nowhere
    return [safe_log(p) if k == 1 else (-inf if p == 1 else log1p(-p))]


def bernoulli_logits(l, k):
    if k not in (0, 1):
        return nowhere
    return [-log1p(exp(-l if k == 1 else l))]


def is_count(k):
    return k >= 0 and k == mp.floor(k)


def binomial_terms(n, p, q, k):
    if not is_count(k) or k > n:
        return nowhere
    return [-deviance(k, n * p), -deviance(n - k, n * q), rest(n), -rest(k), -rest(n - k)]


def binomial_density(n, p, k):
    return binomial_terms(n, p, 1 - p, k)


def binomial_logits(n, l, k):
    return binomial_terms(n, 1 / (1 + exp(-l)), 1 / (1 + exp(l)), k)


def poisson(r, k):
    return nowhere if not is_count(k) else [-deviance(k, r), -rest(k)]


def poisson_log(l, k):
    return poisson(exp(l), k)


def negative_binomial(mean, size, k):
    if not is_count(k):
        return nowhere
    n, total = k + size, mean + size
    return [log(size / n), rest(n), -rest(k), -rest(size), -deviance(k, n * mean / total), -deviance(size, n * size / total)]


def negative_binomial_log(eta, size, k):
    return negative_binomial(exp(eta), size, k)


def negative_binomial_shape(size, p, k):
    return negative_binomial(size * (1 - p) / p, size, k)


def truncated(density, mass):
    def f(*args):
        *parameters, lower, upper, x = args
        if x < lower or x > upper:
            return nowhere
        with mp.workdps(900):  # differences of probabilities close to 1 in the far tails
            m = mass(*parameters, lower, upper)
        return density(*parameters, x) + [-log(m)]
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


def inverse_gamma_mass(k, s, a, b):
    return gammainc(k, s / b, s / a, regularized=True)


def beta_mass(p, q, a, b):
    return betainc(p, q, a, b, regularized=True)


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
shapes = [(1.0, 1.0), (0.5, 2.0), (2.0, 0.5), (25.0, 4.0), (0.01, 3.0), (300.0, 1e-3), (1e6, 1e6), (1e5, 250.0)]
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
    ("beta", beta, grid([(1.0, 1.0), (0.5, 0.5), (5.0, 5.0), (2.0, 30.0), (0.01, 4.0), (100.0, 20.0), (150.0, 90.0), (1e6, 1e6), (0.5, 1e6)], unit), lambda a, b: stats.beta(a, b)),
    ("uniform", uniform, grid([(0.0, 1.0), (-3.0, 5.0), (1e-3, 2e-3), (-1e6, 1e6)], line + [0.5, 0.002]), lambda a, b: stats.uniform(a, b - a)),
    ("bernoulli", bernoulli, grid([(p,) for p in unit if 0 <= p <= 1], [0.0, 1.0, 2.0, -1.0, 0.5]), None),
    ("bernoulliLogits", bernoulli_logits, grid([(l,) for l in logits + [1e-8, 3.25, -9.0, 45.0]], [0.0, 1.0, 2.0, -1.0, 0.5]), None),
    ("binomial", binomial_density, grid([(5.0, 0.3), (100.0, 0.01), (17.0, 0.0), (17.0, 1.0), (1000.0, 0.5), (0.0, 0.4), (2e6, 0.5), (2e6, 5e-5)], counts),
     lambda n, p: stats.binom(n, p)),
    ("binomialLogits", binomial_logits, grid([(5.0, 0.3), (100.0, -4.0), (17.0, 30.0), (17.0, -30.0), (1000.0, 0.0), (0.0, 0.4), (2e6, -9.9)], counts), None),
    ("poisson", poisson, grid([(0.0,), (1.0,), (0.01,), (17.0,), (1000.0,), (1e-8,), (999000.0,)], counts), lambda r: stats.poisson(r)),
    ("poissonLog", poisson_log, grid([(0.0,), (-5.0,), (2.5,), (6.9,), (-30.0,), (0.1,), (13.8155,)], counts), None),
    ("negativeBinomial", negative_binomial, grid([(3.0, 0.7), (1000.0, 8.0), (0.01, 30.0), (17.0, 1e6), (999000.0, 1e5), (1e-8, 1e-3)], counts),
     lambda m, v: stats.nbinom(v, v / (v + m))),
    ("negativeBinomialLog", negative_binomial_log, grid([(0.0, 0.7), (6.9, 8.0), (-30.0, 30.0), (2.5, 1e6), (13.8155, 1e5)], counts), None),
    ("negativeBinomialShape", negative_binomial_shape, grid([(3.0, 0.4), (0.8, 0.05), (17.0, 0.999), (1.0, 1e-8), (1e5, 0.9)], counts),
     lambda r, p: stats.nbinom(r, p)),
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
     grid([(1.0, 1.0, 0.5, 2.0), (2.5, 0.1, 8.0, 90.0), (0.5, 30.0, 0.25, 40.0), (7.0, 2.0, 30.0, 31.0), (20.0, 4.0, 0.1, 5.0), (2.0, 1.0, 800.0, 900.0)],
          [-1.0, 0.25, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, 35.0, 4.5, 3.0, 801.0]), None),
    ("truncatedInverseGamma", truncated(inverse_gamma, inverse_gamma_mass),
     grid([(1.0, 1.0, 0.5, 2.0), (2.5, 0.1, 8.0, 90.0), (0.5, 30.0, 0.25, 40.0), (7.0, 2.0, 30.0, 31.0), (20.0, 4.0, 0.1, 5.0), (2.0, 900.0, 1.0, 1.1)],
          [-1.0, 0.25, 0.5, 2.0, 8.25, 8.0, 30.5, 31.0, 35.0, 4.5, 1.05]), None),
    ("truncatedBeta", truncated(beta, beta_mass),
     grid([(1.0, 1.0, 0.25, 0.5), (0.5, 0.5, 0.01, 0.9), (5.0, 5.0, 0.7, 0.9), (2.0, 30.0, 0.5, 0.99), (150.0, 90.0, 0.5, 0.65)],
          [-0.1, 0.0, 0.01, 0.25, 0.3, 0.5, 0.6, 0.65, 0.75, 0.9, 0.99, 1.0]), None),
]


def size_of(terms):
    """The largest term of a sum; 0 where the sum is not finite."""
    sizes = [abs(t) for t in terms]
    return max(sizes) if sizes and max(sizes) < inf else mpf(0)


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
            terms = [-(r.T * mp.lu_solve(K, r))[0] / 2, -log(det(K)) / 2, -n * half_log_2pi]
            value = sum(terms)
            check = stats.multivariate_normal(mean, k, allow_singular=False).logpdf(x)
            assert abs(check - float(value)) < 1e-7 * max(1, abs(check)), (check, value)
            normals.append([n, *mean, *k.ravel(), *x, value, size_of(terms)])
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
                value, terms = -inf, []
            else:
                terms = [loggamma(sum(a))] + [-loggamma(v) for v in a] + [(v - 1) * log(mpf(float(t))) for v, t in zip(a, x)]
                value = sum(terms)
                check = stats.dirichlet(alpha).logpdf(x / x.sum())
                assert abs(check - float(value)) < 1e-7 * max(1, abs(check)), (check, value)
            dirichlets.append([n, *alpha, *x, value, size_of(terms)])
    for n in [1, 2, 4]:
        for repeat in range(18):
            l = np.round(rng.normal(size=n) * [1, 10, 300][repeat % 3], 3)
            k = int(rng.integers(-1, n + 1))
            L = [mpf(float(v)) for v in l]
            # The sum under the logarithm begins with the largest class's 1: what rounds there is of size 1.
            terms = [] if k < 0 or k >= n else [L[k] - max(L), -log(sum(exp(v - max(L)) for v in L))]
            categoricals.append([n, *l, k, sum(terms) if terms else -inf, max(size_of(terms), 1)])
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
        terms = density(*[mpf(v) for v in row])
        value = sum(terms)
        if scipy_frozen is not None and -inf < value < inf:
            frozen = scipy_frozen(*row[:-1])
            check = frozen.logpmf(row[-1]) if hasattr(frozen, "pmf") and hasattr(frozen.dist, "logpmf") else frozen.logpdf(row[-1])
            if np.isfinite(check) and check > -1e5 and name != "truncatedNormal":
                assert abs(check - float(value)) < 1e-7 * max(1, abs(check)), (name, row, check, float(value))
        done.append(list(row) + [value, size_of(terms)])
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
        f.write("// Written by Oracles/log_densities.py: parameters, value, log density to the last bit, the largest of its terms.\n")
        f.write("extension OracleTable {\n")
        for name, rows in tables:
            f.write(f'  static let {name} = """\n')
            for row in rows:
                f.write("    " + " ".join(show(v) for v in row[:-1]) + f" {float(row[-1]):.3g}\n")
            f.write('    """\n')
        f.write("}\n")
print([(name, len(rows)) for name, rows in written], len(files))
