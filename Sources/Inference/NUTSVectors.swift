import Kernels

/// Vectors of one chain: doubles padded with zeros to whole blocks of eight, so that every loop below runs on `Vector8` without a tail.
///
/// Goals, in order: equal bits on every layout, no allocation, one pass over memory per operation. Sums follow the house order: element i
/// goes to partial sum i mod 8, the partials combine as ((p0+p4)+(p2+p6)) + ((p1+p5)+(p3+p7)).
/// Pointers are unsafe because these loops are the sampler's whole overhead; every caller owns its buffer for the length of the call.
enum PaddedVector {
  typealias Pointer = UnsafeMutablePointer<Double>

  /// The number of blocks of eight that hold `count` elements.
  static func blocks(_ count: Int) -> Int { (count + 7) / 8 }

  @inline(__always) static func load(_ p: Pointer, _ block: Int) -> Vector8 {
    UnsafeRawPointer(p + 8 * block).loadUnaligned(as: Vector8.self)
  }

  @inline(__always) static func store(_ v: Vector8, _ p: Pointer, _ block: Int) {
    UnsafeMutableRawPointer(p + 8 * block).storeBytes(of: v, as: Vector8.self)
  }

  @inline(__always) static func total(_ v: Vector8) -> Double {
    let four = v.lowHalf + v.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  @inline(__always) static func copy(_ source: Pointer, to target: Pointer, blocks: Int) {
    for k in 0..<blocks { store(load(source, k), target, k) }
  }

  @inline(__always) static func zero(_ target: Pointer, blocks: Int) {
    for k in 0..<blocks { store(.zero, target, k) }
  }

  /// Σ aᵢ bᵢ.
  @inline(__always) static func dot(_ a: Pointer, _ b: Pointer, blocks: Int) -> Double {
    var sum = Vector8.zero
    for k in 0..<blocks { sum = multiplyAdd(load(a, k), load(b, k), sum) }
    return total(sum)
  }

  /// r ← r + h·s∘g; q ← q + ε·s∘r: the first half kick and the drift of a leapfrog step, with a diagonal map s.
  @inline(__always) static func kickAndDrift(
    position q: Pointer, momentum r: Pointer, gradient g: Pointer, scale s: Pointer, half h: Double, step: Double, blocks: Int
  ) {
    let half = Vector8(repeating: h)
    let whole = Vector8(repeating: step)
    for k in 0..<blocks {
      let scale = load(s, k)
      let momentum = multiplyAdd(half * scale, load(g, k), load(r, k))
      store(momentum, r, k)
      store(multiplyAdd(whole * scale, momentum, load(q, k)), q, k)
    }
  }

  /// r ← r + h·s∘g, the second half kick; returns r·r.
  @inline(__always) static func kick(momentum r: Pointer, gradient g: Pointer, scale s: Pointer, half h: Double, blocks: Int) -> Double {
    let half = Vector8(repeating: h)
    var sum = Vector8.zero
    for k in 0..<blocks {
      let momentum = multiplyAdd(half * load(s, k), load(g, k), load(r, k))
      store(momentum, r, k)
      sum = multiplyAdd(momentum, momentum, sum)
    }
    return total(sum)
  }

  /// y ← y + a·x.
  @inline(__always) static func add(_ a: Double, _ x: Pointer, to y: Pointer, blocks: Int) {
    let factor = Vector8(repeating: a)
    for k in 0..<blocks { store(multiplyAdd(factor, load(x, k), load(y, k)), y, k) }
  }

  /// Joins two single leaves with momenta a and b: sum ← a + b; whether both ends still move apart, a·sum > 0 and b·sum > 0.
  @inline(__always) static func joinLeaves(_ a: Pointer, _ b: Pointer, sum: Pointer, blocks: Int) -> Bool {
    var first = Vector8.zero
    var last = Vector8.zero
    for k in 0..<blocks {
      let x = load(a, k)
      let y = load(b, k)
      let s = x + y
      store(s, sum, k)
      first = multiplyAdd(x, s, first)
      last = multiplyAdd(y, s, last)
    }
    return total(first) > 0 && total(last) > 0
  }

  /// One stretch of trajectory: the sum ρ of its momenta, and the momenta at its two ends.
  struct Stretch {
    var sum: Pointer
    var first: Pointer
    var last: Pointer
  }

  /// Joins two adjacent stretches A and B (A nearer the start): `sum` ← ρ_A + ρ_B. True when no U-turn shows over the whole, nor from A's
  /// first point to B's first, nor from A's last to B's last (the checks across subtrees: Stan ≥ 2.21). `sum` may be ρ_A or ρ_B itself.
  ///
  /// The momenta are whitened (r ~ N(0, I)), so the criterion pᵀM⁻¹ρ > 0 of Betancourt (2017) is a plain dot product.
  @inline(__always) static func join(_ a: Stretch, _ b: Stretch, sum: Pointer, blocks: Int) -> Bool {
    var d0 = Vector8.zero
    var d1 = Vector8.zero
    var d2 = Vector8.zero
    var d3 = Vector8.zero
    var d4 = Vector8.zero
    var d5 = Vector8.zero
    for k in 0..<blocks {
      let rhoA = load(a.sum, k)
      let rhoB = load(b.sum, k)
      let firstA = load(a.first, k)
      let lastA = load(a.last, k)
      let firstB = load(b.first, k)
      let lastB = load(b.last, k)
      let whole = rhoA + rhoB
      let left = rhoA + firstB
      let right = rhoB + lastA
      store(whole, sum, k)
      d0 = multiplyAdd(firstA, whole, d0)
      d1 = multiplyAdd(lastB, whole, d1)
      d2 = multiplyAdd(firstA, left, d2)
      d3 = multiplyAdd(firstB, left, d3)
      d4 = multiplyAdd(lastA, right, d4)
      d5 = multiplyAdd(lastB, right, d5)
    }
    return total(d0) > 0 && total(d1) > 0 && total(d2) > 0 && total(d3) > 0 && total(d4) > 0 && total(d5) > 0
  }

  /// Whether all of the first `blocks` blocks are finite.
  static func isFinite(_ p: Pointer, blocks: Int) -> Bool {
    var sum = Vector8.zero
    for k in 0..<blocks { sum += load(p, k) * 0 }
    return total(sum) == 0
  }
}
