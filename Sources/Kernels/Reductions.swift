/// Sums and maxima over arrays, in one fixed order.
///
/// Goals, in order: (1) the order of additions depends on the length alone, so that a sum has the same bits at every number of lanes and threads;
/// (2) the speed of one vector addition per eight numbers. Element i goes to partial sum i mod 8, each partial sum adds in rising i, and the
/// eight combine as ((p₀+p₄)+(p₂+p₆)) + ((p₁+p₅)+(p₃+p₇)). Error bound: |error| ≤ (⌈n/8⌉ + 2) · 2⁻⁵³ · Σ|xᵢ| to first order.
public enum Reduction {
  /// The fixed combination of eight partial sums.
  @inlinable @inline(__always)
  public static func combine(_ p: Vector8) -> Double {
    let four = p.lowHalf + p.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  /// The fixed combination for eight vectors of partial sums at once: element j belongs to the j-th argument.
  @inlinable @inline(__always)
  public static func combine(
    _ a: Vector8, _ b: Vector8, _ c: Vector8, _ d: Vector8, _ e: Vector8, _ f: Vector8, _ g: Vector8, _ h: Vector8
  ) -> Vector8 {
    let abcd = pairs(fours(a, b), fours(c, d))
    let efgh = pairs(fours(e, f), fours(g, h))
    let all = SIMD16(lowHalf: abcd, highHalf: efgh)
    return all.evenHalf + all.oddHalf
  }

  /// (a₀+a₄ … a₃+a₇, b₀+b₄ … b₃+b₇).
  @inlinable @inline(__always)
  static func fours(_ a: Vector8, _ b: Vector8) -> Vector8 {
    Vector8(lowHalf: a.lowHalf, highHalf: b.lowHalf) + Vector8(lowHalf: a.highHalf, highHalf: b.highHalf)
  }

  /// Of two vectors of two fours each, the sums of the first and last two of every four.
  @inlinable @inline(__always)
  static func pairs(_ x: Vector8, _ y: Vector8) -> Vector8 {
    let first = Vector8(
      lowHalf: SIMD4(lowHalf: x.lowHalf.lowHalf, highHalf: x.highHalf.lowHalf),
      highHalf: SIMD4(lowHalf: y.lowHalf.lowHalf, highHalf: y.highHalf.lowHalf))
    let last = Vector8(
      lowHalf: SIMD4(lowHalf: x.lowHalf.highHalf, highHalf: x.highHalf.highHalf),
      highHalf: SIMD4(lowHalf: y.lowHalf.highHalf, highHalf: y.highHalf.highHalf))
    return first + last
  }

  /// Eight numbers from memory, at any alignment.
  @inlinable @inline(__always)
  static func load(_ pointer: UnsafePointer<Double>) -> Vector8 {
    UnsafeRawPointer(pointer).loadUnaligned(as: Vector8.self)
  }

  /// The first `count` < 8 numbers, `filler` in place of the rest.
  @inlinable @inline(__always)
  static func load(_ pointer: UnsafePointer<Double>, count: Int, filler: Double) -> Vector8 {
    var value = Vector8(repeating: filler)
    for i in 0..<count { value[i] = pointer[i] }
    return value
  }

  /// Σ xᵢ over i < n in the fixed order; 0 for n = 0.
  public static func sum(_ n: Int, _ x: UnsafePointer<Double>) -> Double {
    var partial = Vector8.zero
    var i = 0
    while i + 8 <= n {
      partial += load(x + i)
      i += 8
    }
    if i < n { partial += load(x + i, count: n - i, filler: 0) }
    return combine(partial)
  }

  /// Σ x[i · stride] over i < n in the fixed order: the bits of ``sum(_:_:)`` on the numbers gathered.
  public static func sum(_ n: Int, _ x: UnsafePointer<Double>, stride: Int) -> Double {
    if stride == 1 { return sum(n, x) }
    var partial = Vector8.zero
    var i = 0
    while i + 8 <= n {
      partial += gather(x + i * stride, stride)
      i += 8
    }
    for j in i..<max(i, n) { partial[j - i] += x[j * stride] }
    return combine(partial)
  }

  @inline(__always)
  private static func gather(_ x: UnsafePointer<Double>, _ stride: Int) -> Vector8 {
    Vector8(
      x[0], x[stride], x[2 * stride], x[3 * stride], x[4 * stride], x[5 * stride], x[6 * stride], x[7 * stride])
  }

  /// Σ xᵢ yᵢ over i < n in the fixed order, one fused multiply-add a term; 0 for n = 0.
  public static func dot(_ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>) -> Double {
    var partial = Vector8.zero
    var i = 0
    while i + 8 <= n {
      partial = multiplyAdd(load(x + i), load(y + i), partial)
      i += 8
    }
    if i < n { partial = multiplyAdd(load(x + i, count: n - i, filler: 0), load(y + i, count: n - i, filler: 0), partial) }
    return combine(partial)
  }

  /// max xᵢ over i < n; −∞ for n = 0, NaN if any element is NaN.
  public static func maximum(_ n: Int, _ x: UnsafePointer<Double>) -> Double {
    var best = Vector8(repeating: -.infinity)
    var unordered = SIMDMask<SIMD8<Int64>>(repeating: false)
    var i = 0
    while i < n {
      let value = i + 8 <= n ? load(x + i) : load(x + i, count: n - i, filler: -.infinity)
      best.replace(with: value, where: value .> best)
      unordered = unordered .| (value .!= value)
      i += 8
    }
    if unordered != SIMDMask<SIMD8<Int64>>(repeating: false) { return .nan }
    return best.max()
  }

  /// log Σ exp xᵢ over i < n, in nats: m + log Σ exp(xᵢ − m) with m the maximum, the sum in the fixed order.
  ///
  /// −∞ for n = 0 and where all xᵢ are −∞, +∞ if any is +∞ and none NaN, NaN if any is NaN.
  public static func logSumExp(_ n: Int, _ x: UnsafePointer<Double>) -> Double {
    let top = maximum(n, x)
    guard top.isFinite else { return top }
    let shift = Vector8(repeating: top)
    var partial = Vector8.zero
    var i = 0
    while i < n {
      let value = i + 8 <= n ? load(x + i) : load(x + i, count: n - i, filler: -.infinity)
      partial += SIMDMath.exp(value - shift)
      i += 8
    }
    return top + logarithm(combine(partial))
  }

  /// For every lane w < lanes (1, 2, 4 or 8) Σ_i x[i · lanes + w]: the bits of ``sum(_:_:)`` on the lane alone.
  ///
  /// - Parameter out: [lanes].
  public static func sumLanes(_ n: Int, lanes: Int, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>) {
    switch lanes {
    case 1: out[0] = sum(n, x)
    case 2: sumLanes(n, x, out, SIMD2<Double>.self)
    case 4: sumLanes(n, x, out, SIMD4<Double>.self)
    case 8: sumLanes(n, x, out, Vector8.self)
    default: for w in 0..<lanes { out[w] = sum(n, x + w, stride: lanes) }
    }
  }

  @inline(__always)
  private static func sumLanes<V: SIMD>(_ n: Int, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ type: V.Type)
  where V.Scalar == Double {
    let source = UnsafeRawPointer(x)
    let step = V.scalarCount * 8
    @inline(__always) func load(_ i: Int) -> V { source.loadUnaligned(fromByteOffset: i * step, as: V.self) }
    var p0 = V.zero, p1 = V.zero, p2 = V.zero, p3 = V.zero, p4 = V.zero, p5 = V.zero, p6 = V.zero, p7 = V.zero
    var i = 0
    while i + 8 <= n {
      p0 += load(i)
      p1 += load(i + 1)
      p2 += load(i + 2)
      p3 += load(i + 3)
      p4 += load(i + 4)
      p5 += load(i + 5)
      p6 += load(i + 6)
      p7 += load(i + 7)
      i += 8
    }
    if i < n { p0 += load(i) }
    if i + 1 < n { p1 += load(i + 1) }
    if i + 2 < n { p2 += load(i + 2) }
    if i + 3 < n { p3 += load(i + 3) }
    if i + 4 < n { p4 += load(i + 4) }
    if i + 5 < n { p5 += load(i + 5) }
    if i + 6 < n { p6 += load(i + 6) }
    let total = ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7))
    UnsafeMutableRawPointer(out).storeBytes(of: total, as: V.self)
  }

  /// For every lane w < lanes (1, 2, 4 or 8) max_i x[i · lanes + w]: ``maximum(_:_:)`` of the lane.
  public static func maximumLanes(_ n: Int, lanes: Int, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>) {
    var best = Vector8(repeating: -.infinity)
    var unordered = SIMDMask<SIMD8<Int64>>(repeating: false)
    var i = 0
    while i < n * lanes {
      // Lane q of the vector belongs to lane q mod lanes, as 8 is a multiple of their number.
      let value = i + 8 <= n * lanes ? load(x + i) : load(x + i, count: n * lanes - i, filler: -.infinity)
      best.replace(with: value, where: value .> best)
      unordered = unordered .| (value .!= value)
      i += 8
    }
    best.replace(with: .nan, where: unordered)
    for w in 0..<lanes {
      var top = best[w]
      var q = w + lanes
      while q < 8 {
        if best[q] > top || best[q].isNaN { top = best[q] }
        q += lanes
      }
      out[w] = top
    }
  }

  /// For every lane w < lanes (1, 2, 4 or 8) log Σ_i exp x[i · lanes + w]: the bits of ``logSumExp(_:_:)`` on the lane alone.
  public static func logSumExpLanes(_ n: Int, lanes: Int, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>) {
    maximumLanes(n, lanes: lanes, x, out)
    var top = Vector8.zero
    for q in 0..<8 { top[q] = out[q % lanes].isFinite ? out[q % lanes] : 0 }
    // Partial sum j of every lane: elements j, j + 8, … Eight elements are `lanes` vectors.
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 64) { partial in
      partial.initialize(repeating: 0)
      guard let sums = partial.baseAddress else { return }
      var i = 0
      while i < n * lanes {
        let value = i + 8 <= n * lanes ? load(x + i) : load(x + i, count: n * lanes - i, filler: -.infinity)
        let place = sums + i % (8 * lanes)
        let sum = load(place) + SIMDMath.exp(value - top)
        UnsafeMutableRawPointer(place).storeBytes(of: sum, as: Vector8.self)
        i += 8
      }
      for w in 0..<lanes where out[w].isFinite {
        var lane = Vector8.zero
        for j in 0..<8 { lane[j] = sums[j * lanes + w] }
        out[w] += logarithm(combine(lane))
      }
    }
  }
}
