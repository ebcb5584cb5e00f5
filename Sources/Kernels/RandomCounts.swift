/// Draws of counts and of categories.
///
/// Counts come as doubles, exact up to 2⁵³. A parameter outside the stated range, or NaN, gives NaN.
extension RandomStream {
  /// Poisson of mean `rate` ≥ 0: sequential search of the distribution function below 10, transformed rejection above (Hörmann 1993, The
  /// Transformed Rejection Method for Generating Poisson Random Variables, algorithm PTRS).
  public mutating func nextPoisson(rate: Double) -> Double {
    guard rate >= 0, rate < .infinity else { return .nan }
    if rate == 0 { return 0 }
    return rate < 10 ? poissonBySearch(rate) : poissonByRejection(rate)
  }

  private mutating func poissonBySearch(_ rate: Double) -> Double {
    var probability = exponential(-rate)
    var u = nextUniform()
    var k = 0.0
    // Beyond 200 the probability is below 10⁻¹⁷⁰: rounding alone can lead there.
    while u > probability && k < 200 {
      u -= probability
      k += 1
      probability *= rate / k
    }
    return k
  }

  private mutating func poissonByRejection(_ rate: Double) -> Double {
    let logRate = logarithm(rate)
    let b = 0.931 + 2.53 * rate.squareRoot()
    let a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    let vr = 0.9277 - 3.6224 / (b - 2)
    while true {
      let u = nextUniform() - 0.5
      let v = nextUniform()
      let us = 0.5 - abs(u)
      let k = ((2 * a / us + b) * u + rate + 0.43).rounded(.down)
      if us >= 0.07 && v <= vr { return k }
      if k < 0 || (us < 0.013 && v > us) { continue }
      let bound = logarithm(v) + logarithm(inverseAlpha) - logarithm(a / (us * us) + b)
      if bound <= k * logRate - rate - logGamma(k + 1) { return k }
    }
  }

  /// Binomial: successes among n ≥ 0 trials of the given probability in [0, 1]. Sequential search while n·p < 10 (p the rarer side),
  /// transformed rejection above (Hörmann 1993, The Generation of Binomial Random Variates, algorithm BTRS).
  public mutating func nextBinomial(trials n: Double, probability: Double) -> Double {
    guard n >= 0, n < .infinity, n == n.rounded(), probability >= 0, probability <= 1 else { return .nan }
    let p = min(probability, 1 - probability)
    if n == 0 || p == 0 { return probability > 0.5 ? n : 0 }
    let k = n * p < 10 ? binomialBySearch(n, p) : binomialByRejection(n, p)
    return probability > 0.5 ? n - k : k
  }

  private mutating func binomialBySearch(_ n: Double, _ p: Double) -> Double {
    let odds = p / (1 - p)
    var probability = exponential(n * SIMDMath.log1p(Vector8(repeating: -p))[0])
    var u = nextUniform()
    var k = 0.0
    while u > probability && k < n && k < 200 {
      u -= probability
      probability *= (n - k) / (k + 1) * odds
      k += 1
    }
    return k
  }

  private mutating func binomialByRejection(_ n: Double, _ p: Double) -> Double {
    let spread = (n * p * (1 - p)).squareRoot()
    let b = 1.15 + 2.53 * spread
    let a = -0.0873 + 0.0248 * b + 0.01 * p
    let c = n * p + 0.5
    let vr = 0.92 - 4.2 / b
    let alpha = (2.83 + 5.1 / b) * spread
    let logOdds = logarithm(p / (1 - p))
    let mode = ((n + 1) * p).rounded(.down)
    let atMode = logGamma(mode + 1) + logGamma(n - mode + 1)
    while true {
      let u = nextUniform() - 0.5
      var v = nextUniform()
      let us = 0.5 - abs(u)
      let k = ((2 * a / us + b) * u + c).rounded(.down)
      if k < 0 || k > n { continue }
      if us >= 0.07 && v <= vr { return k }
      v = logarithm(v * alpha / (a / (us * us) + b))
      if v <= atMode - logGamma(k + 1) - logGamma(n - k + 1) + (k - mode) * logOdds { return k }
    }
  }

  /// Failures before the first success, success of the given probability in (0, 1]: ⌊log u / log(1 − p)⌋.
  public mutating func nextGeometric(probability p: Double) -> Double {
    guard p > 0, p <= 1 else { return .nan }
    if p == 1 { return 0 }
    return (logarithm(nextUniform()) / SIMDMath.log1p(Vector8(repeating: -p))[0]).rounded(.down)
  }

  /// Negative binomial of mean μ ≥ 0 and variance μ + μ²/shape, shape > 0: a Poisson of rate μ · Gamma(shape) / shape.
  public mutating func nextNegativeBinomial(mean: Double, shape: Double) -> Double {
    guard mean >= 0, shape > 0 else { return .nan }
    return nextPoisson(rate: nextGamma(shape: shape) * (mean / shape))
  }

  /// An index 0 ..< n with probability proportional to wᵢ ≥ 0; −1 if n = 0 or the sum of the weights is not positive and finite.
  public mutating func nextCategorical(_ n: Int, probabilities: UnsafePointer<Double>) -> Int {
    var total = 0.0
    for i in 0..<n { total += probabilities[i] }
    guard total > 0, total < .infinity else { return -1 }
    let target = nextUniform() * total
    var sum = 0.0
    var last = -1
    for i in 0..<n where probabilities[i] > 0 {
      sum += probabilities[i]
      last = i
      if target < sum { return i }
    }
    return last
  }

  /// An index 0 ..< n with probability proportional to exp(lᵢ); −∞ is never drawn. −1 if n = 0, all are −∞, or any is +∞ or NaN.
  public mutating func nextCategorical(_ n: Int, logits: UnsafePointer<Double>) -> Int {
    let top = Reduction.maximum(n, logits)
    guard top.isFinite else { return -1 }
    var total = 0.0
    for i in 0..<n { total += exponential(logits[i] - top) }
    let target = nextUniform() * total
    var sum = 0.0
    var last = -1
    for i in 0..<n where logits[i] > -.infinity {
      sum += exponential(logits[i] - top)
      last = i
      if target < sum { return i }
    }
    return last
  }
}
