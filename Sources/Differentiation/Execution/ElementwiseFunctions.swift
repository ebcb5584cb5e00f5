import Kernels

/// The functions that cost more than a call, each compiled on its own: in one long function the compiler takes vectors apart (measured: exp
/// there in pairs of doubles, four times slower), and a closure is a call for every vector.
extension ElementwiseKernels {
  @inline(never)
  static func exp(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.exp(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func log(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.log(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func expm1(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.expm1(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func log1p(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.log1p(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func tanh(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.tanh(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func logistic(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.logistic(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func softplus(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.softplus(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func sin(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.sin(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func cos(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.cos(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func atan(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.atan(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func asin(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.asin(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func acos(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.acos(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func sinh(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.sinh(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func cosh(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.cosh(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func logGamma(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.logGamma(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func digamma(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.digamma(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func trigamma(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.trigamma(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func erf(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.erf(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func erfc(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.erfc(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func normalCDF(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.normalCDF(load(a, v &* sa)), d, v) }
  }

  @inline(never)
  static func logNormalCDF(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.logNormalCDF(load(a, v &* sa)), d, v) }
  }

  /// log(1 − eˣ), x ≤ 0: by expm1 near 0, by log1p far from it (Mächler 2012).
  @inline(never)
  static func log1mExp(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int) {
    for v in 0..<n {
      let x = load(a, v &* sa)
      let near = SIMDMath.log(-SIMDMath.expm1(x))
      let far = SIMDMath.log1p(-SIMDMath.exp(x))
      store(near.replacing(with: far, where: x .< -0.6931471805599453), d, v)
    }
  }

  @inline(never)
  static func power(_ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int) {
    for v in 0..<n { store(SIMDMath.pow(load(a, v &* sa), load(b, v &* sb)), d, v) }
  }

  /// The larger of each pair; NaN where either is.
  @inline(never)
  static func maximum(_ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int) {
    for v in 0..<n {
      let x = load(a, v &* sa)
      let y = load(b, v &* sb)
      store(x.replacing(with: y, where: (x .< y) .| (y .!= y)), d, v)
    }
  }

  /// The smaller of each pair; NaN where either is.
  @inline(never)
  static func minimum(_ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int) {
    for v in 0..<n {
      let x = load(a, v &* sa)
      let y = load(b, v &* sb)
      store(x.replacing(with: y, where: (y .< x) .| (y .!= y)), d, v)
    }
  }
}
