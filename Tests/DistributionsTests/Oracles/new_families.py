"""Log densities of the families beyond log_densities.py, to 60 digits with mpmath, cross-checked against SciPy: writes ../OracleTables9.swift and up.

Columns and terms as in log_densities.py, written independently of the Swift code.
Run: python3 new_families.py
"""
import math
import numpy as np
from mpmath import mp, mpf, log, log1p, exp, expm1, pi, loggamma, sqrt, erfc, inf, gammainc
from scipy import stats

mp.dps = 60
nowhere = [-inf]


def is_count(k):
    return k >= 0 and k == mp.floor(k)


def rest(a):
    return mpf(0) if a == 0 else loggamma(a + 1) - a * log(a) + a


def deviance(k, rate):
    return rate if k == 0 else inf if rate == 0 else k * log(k / rate) + rate - k


def sigma(x):
    return 1 / (1 + exp(-x))


def ordered(cdf):
    """Predictor, three cut points, class: one term, the logarithm of a difference of probabilities."""
    def f(eta, c1, c2, c3, k):
        if not is_count(k) or k > 3:
            return nowhere
        with mp.workdps(800):
            cuts = [-inf, c1, c2, c3, inf]
            low, high = [0 if c == -inf else 1 if c == inf else cdf(c - eta) for c in cuts[int(k):int(k) + 2]]
            return [log(high - low)]
    return f


def weibull(k, s, x):
    t = k * log(x / s) if x > 0 else None
    return nowhere if x <= 0 else [log(k), t, -log(x), -exp(t)]


def gumbel(m, s, x):
    z = (x - m) / s
    return [-z, -exp(-z), -log(s)]


def pareto(m, a, x):
    return nowhere if x < m else [log(a), -log(x), -a * log(x / m)]


def geometric(p, k):
    if not is_count(k):
        return nowhere
    return [log(p)] if k == 0 else [log(p), k * log1p(-p) if p < 1 else -inf]


def geometric_logits(l, k):
    return nowhere if not is_count(k) else [-log1p(exp(-l)), -k * log1p(exp(l))]


def discrete_uniform(b, k):
    return nowhere if not is_count(k) or k < 2 or k > b else [-log(b - 1)]


def compound(counts, alphas):
    n, s = sum(counts), sum(alphas)
    terms = [rest(n), rest(s), -rest(n + s), log(n + s), -log(s)]
    for k, a in zip(counts, alphas):
        share = (k + a) / (n + s)
        terms += [rest(k + a), -rest(k), -rest(a), log(a / (k + a)), -deviance(k, n * share), -deviance(a, s * share)]
    return terms


def beta_binomial(n, a, b, k):
    return nowhere if not is_count(k) or k > n else compound([k, n - k], [a, b])


def zero_inflated(r, psi, k):
    if not is_count(k):
        return nowhere
    ordinary = [-deviance(k, r), -rest(k)]
    if k == 0:
        return [log(psi + (1 - psi) * exp(sum(ordinary)))]
    return nowhere if psi == 1 else ordinary + [log1p(-psi)]


def half_student(v, s, x):
    if x < 0:
        return nowhere
    return [log(mpf(2)), loggamma((v + 1) / 2) - loggamma(v / 2), -log(v * pi) / 2, -log(s), -(v + 1) / 2 * log1p((x / s) ** 2 / v)]


def inverse_gamma(a, b, x):
    if x <= 0:
        return nowhere
    if a < 21:
        return [-(a + 1) * log(x), -b / x, a * log(b), -loggamma(a)]
    return [-deviance(a + 1, b / x), -rest(a + 1), log(a), log(a + 1), -log(b)]


def gamma_density(a, r, x):
    if x <= 0:
        return nowhere
    if a < 21:
        return [(a - 1) * log(x), -r * x, a * log(r), -loggamma(a)]
    return [-deviance(a - 1, r * x), -rest(a - 1), log(r)]


def asymmetric_laplace(m, s, kappa, x):
    z = (x - m) / s
    return [-kappa * z if z >= 0 else z / kappa, -log(s), -log(kappa + 1 / kappa)]


def kumaraswamy(a, b, x):
    return nowhere if x <= 0 or x >= 1 else [log(a), log(b), (a - 1) * log(x), (b - 1) * log(-expm1(a * log(x)))]


def logit_normal(m, s, x):
    if x <= 0 or x >= 1:
        return nowhere
    return [-((log(x) - log1p(-x) - m) / s) ** 2 / 2, -log(s), -log(2 * pi) / 2, -log(x), -log1p(-x)]


def phi(z):
    return erfc(-z / sqrt(mpf(2))) / 2


def skew_normal(m, s, a, x):
    z = (x - m) / s
    with mp.workdps(400):
        tail = log(phi(a * z)) if abs(a * z) < 1e4 else -(a * z) ** 2 / 2 - log(-a * z) - log(2 * pi) / 2 + log1p(-1 / (a * z) ** 2) if a * z < 0 else mpf(0)
    return [tail, -z * z / 2, -log(s), log(mpf(2)), -log(2 * pi) / 2]


def exp_mod_normal(m, s, rate, x):
    z, k = (x - m) / s, rate * s
    if z - k > 40:
        return [-k * (z - k / 2), log(rate)]
    with mp.workdps(400):
        scaled = log(phi(z - k)) + (z - k) ** 2 / 2 if k - z < 1e4 else -log(k - z) - log(2 * pi) / 2 + log1p(-1 / (k - z) ** 2 + 3 / (k - z) ** 4)
    return [-z * z / 2, scaled, log(rate)]


def frechet(a, s, x):
    t = a * log(s / x) if x > 0 else None
    return nowhere if x <= 0 else [log(a), t, -log(x), -exp(t)]


def log_logistic(a, b, x):
    if x <= 0:
        return nowhere
    t = abs(b * log(x / a))
    return [log(b), -log(x), -t, -2 * log1p(exp(-t))]


def inverse_gaussian(m, shape, x):
    return nowhere if x <= 0 else [log(shape) / 2, -3 * log(x) / 2, -log(2 * pi) / 2, -shape * ((x - m) / m) ** 2 / (2 * x)]


def extreme_value(m, s, shape, x):
    z = (x - m) / s
    if 1 + shape * z <= 0:
        return nowhere
    t = log1p(shape * z) / shape if shape != 0 else z
    return [-(1 + shape) * t, -exp(-t), -log(s)]


def triangular(a, c, b, x):
    if x < a or x > b or (x == a != c) or (x == b != c):
        return nowhere
    part = mpf(1) if x == c else (x - a) / (c - a) if x < c else (b - x) / (b - c)
    return [log(part), log(mpf(2)), -log(b - a)]


def hurdle(r, psi, k):
    if not is_count(k):
        return nowhere
    if k == 0:
        return [log(psi) if psi > 0 else -inf]
    return nowhere if psi == 1 else [-deviance(k, r), -rest(k), log1p(-psi), -log(-expm1(-r))]


def censored(density, cdf, survival):
    """Parameters, lower and upper limit, value: the density between, the logarithm of a tail at the limits, nothing beyond."""
    def f(*row):
        *parameters, a, b, x = row
        with mp.workdps(800):
            return nowhere if x < a or x > b else [cdf(*parameters, a)] if x == a else [survival(*parameters, b)] if x == b else density(*parameters, x)
    return f


def interval(density, mass):
    """Parameters, upper end, lower end."""
    def f(*row):
        *parameters, b, a = row
        with mp.workdps(800):
            return density(*parameters, a) if a == b else nowhere if a > b else [log(mass(*parameters, a, b))]
    return f


def normal(m, s, x):
    return [-((x - m) / s) ** 2 / 2, -log(s), -log(2 * pi) / 2]


def grid(parameters, values):
    return [tuple(p) + (v,) for p in parameters for v in values]


line = [0.0, 1.0, -1.0, 0.3, -2.5, 7.25, -40.0, 1e-8, 1e3, -1e5, 1e-300, 37.123456789]
ray = [0.0, -1.0, 1e-300, 1e-10, 0.05, 0.5, 1.0, 2.5, 17.0, 400.0, 1e6, -1e-300]
unit = [0.0, 1.0, 1e-300, 1e-12, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 2.0 ** -52, -0.1, 1.1]
counts = [0.0, 1.0, 2.0, 5.0, 17.0, 100.0, 1000.0, -1.0, 2.5, 1e6]
classes = [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, 1.5]
cuts = [(-1.0, 0.5, 2.0), (-30.0, 1.0, 31.0), (-0.25, 0.25, 8.0)]
predictors = [0.0, 1.5, -3.0, 12.0, -25.0]
ordinal = [(eta,) + c for eta in predictors for c in cuts]

tables = [
    ("orderedLogistic", ordered(sigma), grid(ordinal + [(400.0,) + cuts[0], (-650.0,) + cuts[2]], classes), None),
    ("orderedProbit", ordered(lambda z: erfc(-z / sqrt(mpf(2))) / 2), grid(ordinal + [(40.0,) + cuts[0]], classes), None),
    ("weibull", weibull, grid([(1.0, 1.0), (0.5, 2.0), (2.0, 0.5), (25.0, 4.0), (0.01, 3.0), (300.0, 17.0)], ray), lambda k, s: stats.weibull_min(k, 0, s)),
    ("gumbel", gumbel, grid([(0.0, 1.0), (1.5, 0.25), (-300.0, 250.0), (0.1, 5.0), (2.0, 1e8)], line), lambda m, s: stats.gumbel_r(m, s)),
    ("pareto", pareto, grid([(1.0, 1.0), (0.5, 2.0), (0.05, 30.0), (17.0, 0.01), (1e-3, 3.0)], ray + [1.5, 17.0000001]), lambda m, a: stats.pareto(a, 0, m)),
    ("geometric", geometric, grid([(1.0,), (0.5,), (0.01,), (1e-8,), (0.999,), (0.3,)], counts), lambda p: stats.geom(p, -1)),
    ("geometricLogits", geometric_logits, grid([(0.0,), (1.5,), (-1.5,), (30.0,), (-30.0,), (-4.0,)], counts), None),
    ("discreteUniform", discrete_uniform, grid([(2.0,), (3.0,), (17.0,), (5.0,), (1000.0,), (2e6,)], counts), lambda b: stats.randint(2, int(b) + 1)),
    ("betaBinomial", beta_binomial,
     grid([(5.0, 1.0, 1.0), (17.0, 0.5, 3.0), (100.0, 30.0, 8.0), (1000.0, 0.01, 4.0), (2e6, 2.0, 3.0), (2e6, 5e3, 5e3), (0.0, 2.0, 3.0), (20.0, 1e6, 1e6)], counts),
     lambda n, a, b: stats.betabinom(int(n), a, b)),
    ("zeroInflatedPoisson", zero_inflated, grid([(1.0, 0.3), (0.01, 0.9), (17.0, 1e-8), (1000.0, 0.5), (3.0, 0.0), (3.0, 1.0)], counts), None),
    ("halfStudentT", half_student, grid([(1.0, 1.0), (3.0, 0.01), (0.2, 250.0), (30.0, 2.0), (50.0, 1e3)], ray), lambda v, s: stats.t(v, 0, s)),
    ("chiSquared", lambda v, x: gamma_density(v / 2, mpf(1) / 2, x), grid([(1.0,), (2.0,), (0.05,), (7.5,), (300.0,)], ray), lambda v: stats.chi2(v)),
    ("inverseChiSquared", lambda v, x: inverse_gamma(v / 2, mpf(1) / 2, x), grid([(1.0,), (2.0,), (0.05,), (7.5,), (300.0,)], ray),
     lambda v: stats.invgamma(v / 2, 0, 0.5)),
    ("scaledInverseChiSquared", lambda v, s, x: inverse_gamma(v / 2, v * s * s / 2, x), grid([(1.0, 1.0), (4.0, 0.1), (0.05, 3.0), (7.5, 2.0), (300.0, 20.0)], ray),
     lambda v, s: stats.invgamma(v / 2, 0, v * s * s / 2)),
    ("asymmetricLaplace", asymmetric_laplace, grid([(0.0, 1.0, 1.0), (1.5, 0.01, 2.0), (-300.0, 250.0, 0.25), (0.1, 1e-3, 0.9), (2.0, 1e4, 7.0)], line),
     lambda m, s, k: stats.laplace_asymmetric(k, m, s)),
    ("kumaraswamy", kumaraswamy, grid([(1.0, 1.0), (0.5, 0.5), (5.0, 5.0), (2.0, 30.0), (0.01, 4.0), (100.0, 20.0)], unit), None),
    ("logitNormal", logit_normal, grid([(0.0, 1.0), (1.5, 0.1), (-3.0, 2.5), (0.1, 1e-2), (20.0, 7.0)], unit), None),
]


limits = [(0.0, 1.0, -1.0, 2.0), (1.5, 0.25, -6.0, 9.0), (-300.0, 250.0, -2.5, 700.0), (0.0, 1.0, -37.0, 36.0), (3.0, 2.0, 3.0, 3.5)]
weibull_limits = [(1.0, 1.0, 0.05, 2.5), (0.5, 2.0, 1e-10, 400.0), (25.0, 4.0, 1.0, 5.0), (2.0, 0.5, 0.3, 17.0)]
ends = [((0.0, 1.0), (-1.0, 1e-8)), ((0.0, 1.0), (30.0, 31.0)), ((0.0, 1.0), (-36.0, -35.0)), ((1.5, 0.25), (2.0, 2.0)), ((1.5, 0.25), (1.0, 7.25)),
        ((-300.0, 250.0), (-100.0, 400.0)), ((3.0, 2.0), (2.5, 3.5)), ((3.0, 2.0), (5.0, 4.0)), ((0.1, 5.0), (-80.0, -79.5)), ((0.0, 1e-2), (0.3, 0.31))]
gamma_ends = [((2.0, 1.0), (0.0, 1.5)), ((2.0, 1.0), (30.0, 31.0)), ((0.5, 3.0), (1e-10, 1e-9)), ((7.0, 0.5), (17.0, 17.0)), ((7.0, 0.5), (1e-3, 2.5)),
              ((30.0, 2.0), (14.0, 16.0)), ((30.0, 2.0), (0.5, 0.75)), ((1.0, 1.0), (400.0, 401.0)), ((3.0, 1.0), (5.0, 4.0)), ((0.5, 3.0), (0.0, 1e-3))]


def spread_ends(pairs):
    """Each interval and four inside of it that share its lower end."""
    return [p + (a + (b - a) * share, a) for p, (a, b) in pairs for share in (1.0, 0.5, 0.25, 0.125, 2.0 ** -6)]


# Written after the vectors, so that the tables before them stay where they are.
later = [
    ("skewNormal", skew_normal, grid([(0.0, 1.0, 2.0), (1.5, 0.25, -5.0), (-300.0, 250.0, 0.1), (0.1, 5.0, 0.0), (2.0, 1e8, 30.0)], line),
     lambda m, s, a: stats.skewnorm(a, m, s)),
    ("exponentiallyModifiedGaussian", exp_mod_normal,
     grid([(0.0, 1.0, 1.0), (1.5, 0.25, 30.0), (-300.0, 250.0, 0.01), (0.1, 5.0, 0.2), (2.0, 1e3, 7.0)], line), lambda m, s, r: stats.exponnorm(1 / (s * r), m, s)),
    ("frechet", frechet, grid([(1.0, 1.0), (0.5, 2.0), (2.0, 0.5), (25.0, 4.0), (0.01, 3.0), (300.0, 17.0)], ray), lambda a, s: stats.invweibull(a, 0, s)),
    ("logLogistic", log_logistic, grid([(1.0, 1.0), (2.0, 0.5), (0.5, 2.0), (4.0, 25.0), (3.0, 0.01), (17.0, 300.0)], ray), lambda a, b: stats.fisk(b, 0, a)),
    ("rayleigh", lambda s, x: weibull(mpf(2), s * sqrt(mpf(2)), x), grid([(1.0,), (0.01,), (250.0,), (2.0,), (17.0,)], ray), lambda s: stats.rayleigh(0, s)),
    ("inverseGaussian", inverse_gaussian, grid([(1.0, 1.0), (0.5, 2.0), (2.0, 0.5), (400.0, 25.0), (3.0, 1e-3), (17.0, 3e4)], ray),
     lambda m, l: stats.invgauss(m / l, 0, l)),
    ("generalizedExtremeValue", extreme_value,
     grid([(0.0, 1.0, 0.3), (1.5, 0.25, -0.2), (-300.0, 250.0, 1.5), (0.1, 5.0, 0.0), (2.0, 1e4, 1e-9), (0.5, 3.0, -0.007)], line), lambda m, s, c: stats.genextreme(-c, m, s)),
    ("triangular", triangular, grid([(0.0, 0.25, 1.0), (-0.5, 1.5, 3.0), (0.0, 0.0, 2.0), (-3.0, 1.1, 1.1), (0.01, 0.5, 400.0)], unit + [1.5, 0.01, 3.0]),
     lambda a, c, b: stats.triang((c - a) / (b - a), a, b - a)),
    ("hurdlePoisson", hurdle, grid([(1.0, 0.3), (0.01, 0.9), (17.0, 1e-8), (1000.0, 0.5), (3.0, 0.0), (3.0, 1.0)], counts), None),
    ("censoredNormal", censored(normal, lambda m, s, a: log(phi((a - m) / s)), lambda m, s, b: log(phi((m - b) / s))),
     [row for r in limits for row in grid([r], line[:-2] + [r[2], r[3], 0.5 * (r[2] + r[3])])], None),
    ("censoredWeibull", censored(weibull, lambda k, s, a: log(-expm1(-(a / s) ** k)), lambda k, s, b: -(b / s) ** k),
     [row for r in weibull_limits for row in grid([r], [v for v in ray if v > 0] + [r[2], r[3], 0.5 * (r[2] + r[3]), 1.25])], None),
    ("intervalCensoredNormal", interval(normal, lambda m, s, a, b: phi((b - m) / s) - phi((a - m) / s)), spread_ends(ends), None),
    ("intervalCensoredGamma", interval(gamma_density, lambda a, r, x, y: gammainc(a, r * x, r * y, regularized=True)), spread_ends(gamma_ends), None),
]


def size_of(terms):
    sizes = [abs(t) for t in terms]
    return max(sizes) if sizes and max(sizes) < inf else mpf(0)


def log_double_factorial_ratio(b):
    """log of the integral of (1 - z^2)^(b-1) over -1 < z < 1."""
    return log(pi) / 2 + loggamma(b) - loggamma(b + mpf(1) / 2)


def vector_rows():
    rng = np.random.default_rng(20261124)
    lkj, multinomials, compounds, students = [], [], [], []
    for n in [1, 2, 3, 5]:
        for repeat in range(13):
            eta = float(np.round(np.exp(rng.normal() * 1.2), 3))
            root = np.tril(rng.normal(size=(n, n)))
            root[np.diag_indices(n)] = np.abs(root[np.diag_indices(n)]) + 0.05
            l = root / np.sqrt((root ** 2).sum(axis=1, keepdims=True))
            e = mpf(eta)
            terms = [(n - k + 2 * e - 2) * log(mpf(float(l[k - 1, k - 1]))) for k in range(2, n + 1)]
            # The normalizer as Lewandowski, Kurowicka & Joe have it: the vine's partial correlations, each a beta variable on (-1, 1).
            terms += [-(n - j) * log_double_factorial_ratio(e + mpf(n - 1 - j) / 2) for j in range(1, n)]
            lkj.append([n, eta, *l.ravel(), sum(terms) if terms else mpf(0), size_of(terms)])
    for n in [2, 3, 5]:
        for repeat in range(18):
            trials = int([3, 40, 100000][repeat % 3])
            logits = np.round(rng.normal(size=n) * [1, 3][repeat % 2], 3)
            L = [mpf(float(v)) for v in logits]
            total = sum(exp(v) for v in L)
            p = [exp(v) / total for v in L]
            k = rng.multinomial(trials, [float(v) for v in p])
            terms = [rest(mpf(trials))] + [-rest(mpf(int(v))) - deviance(mpf(int(v)), trials * q) for v, q in zip(k, p)]
            check = stats.multinomial(trials, [float(v) for v in p]).logpmf(k)
            assert abs(check - float(sum(terms))) < 1e-6 * max(1, abs(check)), (check, sum(terms))
            multinomials.append([n, trials, *logits, *k, sum(terms), size_of(terms)])
            alpha = np.round(np.exp(rng.normal(size=n) * 1.5), 4)
            k = rng.multinomial(trials, rng.dirichlet(alpha))
            terms = compound([mpf(int(v)) for v in k], [mpf(float(v)) for v in alpha])
            check = stats.dirichlet_multinomial(alpha, trials).logpmf(k)
            assert abs(check - float(sum(terms))) < 1e-6 * max(1, abs(check)), (check, sum(terms))
            compounds.append([n, trials, *alpha, *k, sum(terms), size_of(terms)])
            df = float(np.round(np.exp(rng.normal() * 2 + 1), 3))
            l = np.tril(np.round(rng.normal(size=(n, n)), 3))
            l[np.diag_indices(n)] = np.round(np.abs(l[np.diag_indices(n)]) + 0.2, 3)
            x = np.round(rng.normal(size=n) * 3, 3)
            v = mpf(df)
            z = mp.lu_solve(mp.matrix([[mpf(float(a)) for a in row] for row in l]), mp.matrix([mpf(float(a)) for a in x]))
            q = sum(a * a for a in z)
            terms = [loggamma((v + n) / 2) - loggamma(v / 2) - mpf(n) / 2 * log(v / 2), -mpf(n) / 2 * log(2 * pi), -(v + n) / 2 * log1p(q / v)]
            terms += [-log(mpf(float(a))) for a in np.diag(l)]
            check = stats.multivariate_t(np.zeros(n), l @ l.T, df).logpdf(x)
            assert abs(check - float(sum(terms))) < 1e-7 * max(1, abs(check)), (check, sum(terms))
            students.append([n, df, *l.ravel(), *x, sum(terms), size_of(terms)])
    return [("lkjCholesky", lkj), ("multinomialLogits", multinomials), ("dirichletMultinomial", compounds), ("multivariateStudentT", students)]


def show(v):
    v = float(v)
    if math.isinf(v):
        return "inf" if v > 0 else "-inf"
    return str(int(v)) if v == int(v) and abs(v) < 1e15 else repr(v)


def rows_of(tables):
    written = []
    for name, density, rows, frozen_of in tables:
        done = []
        for row in rows:
            terms = density(*[mpf(v) for v in row])
            value = sum(terms)
            if frozen_of is not None and -inf < value < inf and value > -1e5:
                frozen = frozen_of(*row[:-1])
                check = frozen.logpdf(row[-1]) if not hasattr(frozen, "pmf") or not hasattr(frozen.dist, "logpmf") else frozen.logpmf(row[-1])
                check += math.log(2) if name == "halfStudentT" else 0
                if np.isfinite(check):
                    assert abs(check - float(value)) < 1e-6 * max(1, abs(check)), (name, row, check, float(value))
            done.append(list(row) + [value, size_of(terms)])
        assert len(done) >= 50, (name, len(done))
        written.append((name, done))
    return written


written = rows_of(tables) + vector_rows() + rows_of(later)

files, current = [], []
for name, rows in written:
    if sum(len(r) + 4 for _, r in current) + len(rows) + 4 > 330:
        files.append(current)
        current = []
    current.append((name, rows))
files.append(current)
for index, chosen in enumerate(files):
    with open(f"../OracleTables{index + 9}.swift", "w") as f:
        f.write("// Written by Oracles/new_families.py: parameters, value, log density to the last bit, the largest of its terms.\n")
        f.write("extension OracleTable {\n")
        for name, rows in chosen:
            f.write(f'  static let {name} = """\n')
            for row in rows:
                f.write("    " + " ".join(show(v) for v in row[:-1]) + f" {float(row[-1]):.3g}\n")
            f.write('    """\n')
        f.write("}\n")
print([(name, len(rows)) for name, rows in written], len(files))
