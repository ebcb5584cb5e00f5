import Kernels

/// Reductions part by part: tiles added to 8 · lanes partial results, which are combined in a fixed order at the end of a row.
enum LoopReductions {
  typealias Pointer = UnsafeMutablePointer<Double>

  @inline(always) private static func load(_ p: Pointer, _ v: Int) -> Vector8 { ElementwiseKernels.load(p, v) }
  @inline(always) private static func store(_ x: Vector8, _ p: Pointer, _ v: Int) { ElementwiseKernels.store(x, p, v) }

  static func neutral(_ reducer: Reducer) -> Double {
    switch reducer {
    case .sum: 0
    case .maximum: -.infinity
    case .minimum: .infinity
    }
  }

  /// Adds a tile to its 8·lanes partial sums; the part of the last vector that is past the end does not count.
  @inline(never)
  static func sum(_ d: Pointer, _ a: Pointer, _ sa: Int, _ lanes: Int, _ count: Int) {
    let whole = count >> 3
    switch lanes {
    case 1:
      var sum = load(d, 0)
      for v in 0..<whole { sum += load(a, v &* sa) }
      store(sum, d, 0)
    case 8 where sa == 1 && whole & 7 == 0:
      var p0 = load(d, 0), p1 = load(d, 1), p2 = load(d, 2), p3 = load(d, 3)
      var p4 = load(d, 4), p5 = load(d, 5), p6 = load(d, 6), p7 = load(d, 7)
      var v = 0
      while v < whole {
        p0 += load(a, v)
        p1 += load(a, v &+ 1)
        p2 += load(a, v &+ 2)
        p3 += load(a, v &+ 3)
        p4 += load(a, v &+ 4)
        p5 += load(a, v &+ 5)
        p6 += load(a, v &+ 6)
        p7 += load(a, v &+ 7)
        v &+= 8
      }
      store(p0, d, 0)
      store(p1, d, 1)
      store(p2, d, 2)
      store(p3, d, 3)
      store(p4, d, 4)
      store(p5, d, 5)
      store(p6, d, 6)
      store(p7, d, 7)
    case 4 where sa == 1:
      var p0 = load(d, 0), p1 = load(d, 1), p2 = load(d, 2), p3 = load(d, 3)
      var v = 0
      while v &+ 4 <= whole {
        p0 += load(a, v)
        p1 += load(a, v &+ 1)
        p2 += load(a, v &+ 2)
        p3 += load(a, v &+ 3)
        v &+= 4
      }
      if v < whole { p0 += load(a, v) }
      if v &+ 1 < whole { p1 += load(a, v &+ 1) }
      if v &+ 2 < whole { p2 += load(a, v &+ 2) }
      store(p0, d, 0)
      store(p1, d, 1)
      store(p2, d, 2)
      store(p3, d, 3)
    default:
      for v in 0..<whole {
        let slot = v & (lanes - 1)
        store(load(d, slot) + load(a, v &* sa), d, slot)
      }
    }
    if count & 7 != 0 {
      let slot = (whole & (lanes - 1)) << 3
      let source = a + 8 &* whole &* sa
      for i in 0..<(count & 7) { d[slot + i] += source[i] }
    }
  }

  /// Memory ← memory + tile.
  @inline(never)
  static func accumulateSum(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ count: Int) {
    if count & 7 == 0 && sa == 1 {
      for v in 0..<n { store(load(d, v) + load(a, v), d, v) }
    } else {
      for i in 0..<count { d[i] += a[sa == 0 ? i & 7 : i] }
    }
  }

  /// Memory ← the larger of memory and tile (the smaller for sign −1).
  @inline(never)
  static func accumulateExtreme(_ d: Pointer, _ a: Pointer, _ sa: Int, _ count: Int, _ sign: Double) {
    for v in 0..<(count >> 3) { extreme(d, v, a, v &* sa, sign) }
    for i in (count & ~7)..<count { d[i] = sign * larger(sign * d[i], sign * a[sa == 0 ? i & 7 : i]) }
  }

  /// Partial maxima of a tile (minima for sign −1).
  @inline(never)
  static func extreme(_ d: Pointer, _ a: Pointer, _ sa: Int, _ lanes: Int, _ count: Int, _ sign: Double) {
    for v in 0..<(count >> 3) { extreme(d, v & (lanes - 1), a, v &* sa, sign) }
    for i in (count & ~7)..<count {
      let slot = i & (8 &* lanes - 1)
      d[slot] = sign * larger(sign * d[slot], sign * a[sa == 0 ? i & 7 : i])
    }
  }

  /// Vector `dv` of d becomes its elementwise maximum with vector `av` of a (minimum for sign −1); NaN where either is.
  @inline(always)
  private static func extreme(_ d: Pointer, _ dv: Int, _ a: Pointer, _ av: Int, _ sign: Double) {
    let x = load(d, dv)
    let y = load(a, av)
    let keeps = (sign * x .> sign * y) .| (x .!= x)
    store(y.replacing(with: x, where: keeps), d, dv)
  }

  /// The larger of two numbers; NaN if either is.
  @inline(always)
  static func larger(_ x: Double, _ y: Double) -> Double { x > y || x != x ? x : y }

  /// Combines the eight partial results p of every one of w lanes in the fixed order and adds them to the result of the row.
  @inline(always)
  static func finish(_ reducer: Reducer, _ p: Pointer, _ out: Pointer, _ w: Int, repeats: Bool) {
    guard reducer == .sum else { return finishExtreme(reducer, p, out, w, repeats) }
    switch w {
    case 1:
      let result = out[0] + Reduction.combine(load(p, 0))
      if repeats { store(Vector8(repeating: result), out, 0) } else { out[0] = result }
    case 8:
      let even = (load(p, 0) + load(p, 4)) + (load(p, 2) + load(p, 6))
      let odd = (load(p, 1) + load(p, 5)) + (load(p, 3) + load(p, 7))
      store(load(out, 0) + (even + odd), out, 0)
    case 4:
      // A vector holds slots 2v and 2v + 1.
      let a = load(p, 0) + load(p, 2)
      let b = load(p, 1) + load(p, 3)
      let sum = a + b
      let result = UnsafeRawPointer(out).loadUnaligned(as: SIMD4<Double>.self) + (sum.lowHalf + sum.highHalf)
      UnsafeMutableRawPointer(out).storeBytes(of: result, as: SIMD4<Double>.self)
      if repeats { UnsafeMutableRawPointer(out + 4).storeBytes(of: result, as: SIMD4<Double>.self) }
    default:
      for lane in 0..<w {
        let q = p + lane
        out[lane] += ((q[0] + q[4 &* w]) + (q[2 &* w] + q[6 &* w])) + ((q[w] + q[5 &* w]) + (q[3 &* w] + q[7 &* w]))
      }
      if repeats { for i in w..<8 { out[i] = out[i & (w - 1)] } }
    }
  }

  @inline(never)
  private static func finishExtreme(_ reducer: Reducer, _ p: Pointer, _ out: Pointer, _ w: Int, _ repeats: Bool) {
    let sign: Double = reducer == .maximum ? 1 : -1
    for lane in 0..<w {
      var best = sign * out[lane]
      for slot in 0..<8 { best = larger(best, sign * p[slot &* w &+ lane]) }
      out[lane] = sign * best
    }
    if repeats { for i in w..<8 where w < 8 { out[i] = out[i & (w - 1)] } }
  }
}

/// Reductions of a line of steps: small arrays, each in one step.
enum LineReduction {
  typealias Pointer = UnsafeMutablePointer<Double>
  typealias Step = UnsafeMutablePointer<RuntimeStep>

  @inline(always) private static func load(_ p: Pointer, _ v: Int) -> Vector8 { ElementwiseKernels.load(p, v) }
  @inline(always) private static func store(_ x: Vector8, _ p: Pointer, _ v: Int) { ElementwiseKernels.store(x, p, v) }

  /// The whole of an array, in the order of a loop's partial results: d ← its sum, maximum or minimum for every lane, through one vector.
  @inline(never)
  static func total(_ s: Step) {
    let lanes = Int(s.pointee.lanes)
    let (d, a, sa) = (s.pointee.d, s.pointee.a, s.pointee.sa)
    let count = Int(s.pointee.doubles)
    let reducer: Reducer =
      switch s.pointee.operation.code {
      case .reduceMaximum: .maximum
      case .reduceMinimum: .minimum
      default: .sum
      }
    if reducer == .sum, lanes == 1 {
      var sum = Vector8(repeating: 0)
      for v in 0..<(count >> 3) { sum += load(a, v &* sa) }
      if count & 7 != 0 {
        let counts = SIMD8<Int64>(0, 1, 2, 3, 4, 5, 6, 7) .< SIMD8(repeating: Int64(count & 7))
        sum += Vector8(repeating: 0).replacing(with: load(a, (count >> 3) &* sa), where: counts)
      }
      return store(Vector8(repeating: Reduction.combine(sum)), d, 0)
    }
    if reducer == .sum, lanes == 8, count == 64, sa == 1 {
      let even = (load(a, 0) + load(a, 4)) + (load(a, 2) + load(a, 6))
      let odd = (load(a, 1) + load(a, 5)) + (load(a, 3) + load(a, 7))
      return store(Vector8(repeating: 0) + (even + odd), d, 0)
    }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 64) { memory in
      guard let partial = memory.baseAddress else { return }
      let start = LoopReductions.neutral(reducer)
      partial.initialize(repeating: start, count: 8 * lanes)
      d.update(repeating: start, count: 8)
      switch reducer {
      case .sum: LoopReductions.sum(partial, a, sa, lanes, count)
      case .maximum: LoopReductions.extreme(partial, a, sa, lanes, count, 1)
      case .minimum: LoopReductions.extreme(partial, a, sa, lanes, count, -1)
      }
      LoopReductions.finish(reducer, partial, d, lanes, repeats: true)
    }
  }

  /// d[r] ← the sum (maximum, minimum) of a at the constant indices of result r, in rising order of terms; in a block of a loop combined
  /// with what d holds. Indices: [⌈results/8⌉, terms, 8].
  @inline(never)
  static func terms(_ s: Step) {
    let lanes = Int(s.pointee.lanes)
    let (d, a) = (s.pointee.d, s.pointee.a)
    let terms = Int(s.pointee.operation.extra)
    let results = Int(s.pointee.operation.step)
    let continues = s.pointee.operation.sub & 4 != 0
    let isSum = s.pointee.operation.sub & 3 == 0
    let sign: Double = s.pointee.operation.sub & 3 == 2 ? -1 : 1
    @inline(always) func combined(_ x: Vector8, _ y: Vector8) -> Vector8 {
      if isSum { return x + y }
      return y.replacing(with: x, where: (sign * x .> sign * y) .| (x .!= x))
    }
    if lanes == 1 || s.pointee.sa == 0 {
      var block = 0
      while 8 &* block < results &* lanes {
        let place: Int = block &* terms &* 8
        let index: UnsafePointer<Int> = s.pointee.indices + place
        let left = results &* lanes &- 8 &* block
        var x = s.pointee.sa == 0 ? load(a, 0) : StepRunner.gathered(a, index, count: left)
        for m in 1..<terms {
          let y = s.pointee.sa == 0 ? load(a, 0) : StepRunner.gathered(a, index + 8 * m, count: left)
          x = combined(x, y)
        }
        if continues { x = combined(load(d, block), x) }
        if left >= 8 || !continues {
          store(x, d, block)
        } else {
          // What follows are the results of the next block.
          for i in 0..<left { d[8 &* block &+ i] = x[i] }
        }
        block &+= 1
      }
      return
    }
    for r in 0..<results {
      let place: Int = (r / 8) &* terms &* 8 &+ r % 8
      let index: UnsafePointer<Int> = s.pointee.indices + place
      let out = d + r &* lanes
      if lanes == 8 {
        var x = load(a, index[0])
        for m in 1..<terms { x = combined(x, load(a, index[8 * m])) }
        store(continues ? combined(load(out, 0), x) : x, out, 0)
      } else {
        for lane in 0..<lanes {
          var x = a[index[0] * lanes + lane]
          for m in 1..<terms {
            let y = a[index[8 * m] * lanes + lane]
            x = combinedNumbers(x, y, isSum, sign)
          }
          out[lane] = continues ? combinedNumbers(out[lane], x, isSum, sign) : x
        }
      }
    }
  }

  @inline(always)
  private static func combinedNumbers(_ x: Double, _ y: Double, _ isSum: Bool, _ sign: Double) -> Double {
    isSum ? x + y : sign * LoopReductions.larger(sign * x, sign * y)
  }
}
