import Kernels

/// Runs fused loops: rows of the outer axes, tiles of the inner one, steps for each tile. Values stay in registers of one tile, which stay in
/// the first-level cache.
enum LoopRunner {
  typealias Pointer = UnsafeMutablePointer<Double>

  /// Vectors in a tile; a multiple of eight, so that partial sums keep their order.
  static let tileVectors = 16

  static func run(_ l: UnsafeMutablePointer<RuntimeLoop>) {
    for e in 0..<l.pointee.endCount {
      let end = l.pointee.ends[e]
      end.start.update(repeating: neutral(end.reducer), count: end.count)
    }
    if l.pointee.rank > 0 {
      for axis in 0..<l.pointee.rank { l.pointee.index[axis] = 0 }
      for s in 0..<l.pointee.streamCount { l.pointee.table[s] = l.pointee.bases[s] }
    }
    for row in 0..<l.pointee.rows {
      runRow(l)
      if row + 1 < l.pointee.rows { nextRow(l) }
    }
  }

  /// Moves every stream to the start of the next row.
  @inline(always)
  private static func nextRow(_ l: UnsafeMutablePointer<RuntimeLoop>) {
    var axis = l.pointee.rank - 1
    while axis > 0, l.pointee.index[axis] + 1 == l.pointee.lengths[axis] {
      l.pointee.index[axis] = 0
      axis -= 1
    }
    l.pointee.index[axis] += 1
    for s in 0..<l.pointee.streamCount { l.pointee.table[s] = l.pointee.bases[s] }
    for axis in 0..<l.pointee.rank where l.pointee.index[axis] != 0 {
      let steps = l.pointee.rowSteps + axis * l.pointee.streamCount
      for s in 0..<l.pointee.streamCount { l.pointee.table[s] += steps[s] * l.pointee.index[axis] }
    }
  }

  @inline(always)
  private static func runRow(_ l: UnsafeMutablePointer<RuntimeLoop>) {
    for e in 0..<l.pointee.endCount where l.pointee.ends[e].accumulator >= 0 {
      let end = l.pointee.ends[e]
      l.pointee.table[end.accumulator].update(repeating: neutral(end.reducer), count: 8 * l.pointee.lanes)
    }
    if l.pointee.rowOperationCount > 0 {
      if l.pointee.rank > 0 { aim(l.pointee.rowOperations, l.pointee.rowOperationCount, l) }
      steps(l.pointee.rowOperations, l.pointee.rowOperationCount, l, 1, 8)
    }
    if l.pointee.vectors <= tileVectors {
      if l.pointee.rank > 0 { aim(l.pointee.operations, l.pointee.operationCount, l) }
      steps(l.pointee.operations, l.pointee.operationCount, l, l.pointee.vectors, l.pointee.doubles)
    } else {
      var left = l.pointee.doubles
      while left > 0 {
        let count = Swift.min(left, tileVectors * 8)
        aim(l.pointee.operations, l.pointee.operationCount, l)
        steps(l.pointee.operations, l.pointee.operationCount, l, (count + 7) / 8, count)
        left -= count
        if left > 0 { for s in 0..<l.pointee.streamCount { l.pointee.table[s] += l.pointee.tileSteps[s] } }
      }
      if l.pointee.rank == 0 { for s in 0..<l.pointee.streamCount { l.pointee.table[s] = l.pointee.bases[s] } }
    }
    for e in 0..<l.pointee.endCount where l.pointee.ends[e].accumulator >= 0 { finish(l.pointee.ends[e], l) }
  }

  /// Steps with the pointers of the tile in place.
  @inline(never)
  private static func steps(
    _ first: UnsafeMutablePointer<RuntimeStep>, _ stepCount: Int, _ l: UnsafeMutablePointer<RuntimeLoop>, _ n: Int, _ count: Int
  ) {
    if n == 1 {
      for index in 0..<stepCount { step(first + index, l, 1, count) }
    } else {
      for index in 0..<stepCount { step(first + index, l, n, count) }
    }
  }

  /// Puts the pointers of the present row and tile into the steps.
  @inline(always)
  private static func aim(_ first: UnsafeMutablePointer<RuntimeStep>, _ stepCount: Int, _ l: UnsafeMutablePointer<RuntimeLoop>) {
    for index in 0..<stepCount {
      let operation = first[index].operation
      first[index].d = l.pointee.table[Int(operation.dst)]
      first[index].a = l.pointee.table[Int(operation.a)]
      first[index].b = l.pointee.table[Int(operation.b)]
      first[index].c = l.pointee.table[Int(operation.c)]
    }
  }

  /// One step on a tile of `n` vectors, of which `count` doubles count. What is common is here, the rest behind a call.
  @inline(always)
  private static func step(_ s: UnsafeMutablePointer<RuntimeStep>, _ l: UnsafeMutablePointer<RuntimeLoop>, _ n: Int, _ count: Int) {
    let d = s.pointee.d
    let a = s.pointee.a
    let b = s.pointee.b
    let sa = Int(s.pointee.operation.sa)
    let sb = Int(s.pointee.operation.sb)
    switch s.pointee.kernel {
    case .add: map(d, a, sa, b, sb, n) { $0 + $1 }
    case .subtract: map(d, a, sa, b, sb, n) { $0 - $1 }
    case .multiply: map(d, a, sa, b, sb, n) { $0 * $1 }
    case .divide: map(d, a, sa, b, sb, n) { $0 / $1 }
    case .negate: map(d, a, sa, n) { -$0 }
    case .square: map(d, a, sa, n) { $0 * $0 }
    case .reciprocal: map(d, a, sa, n) { 1 / $0 }
    case .exp: map(d, a, sa, n) { SIMDMath.exp($0) }
    case .log: map(d, a, sa, n) { SIMDMath.log($0) }
    case .multiplyAdd: map(d, a, sa, b, sb, s.pointee.c, Int(s.pointee.operation.sc), n) { multiplyAdd($0, $1, $2) }
    case .negatedMultiplyAdd: map(d, a, sa, b, sb, s.pointee.c, Int(s.pointee.operation.sc), n) { multiplyAdd(-$0, $1, $2) }
    case .copy:
      if l.pointee.isExact {
        if sa == 1 { d.update(from: a, count: count) } else { for i in 0..<count { d[i] = a[i & 7] } }
      } else {
        map(d, a, sa, n) { $0 }
      }
    case .reduceSum: reduceSum(d, a, sa, l.pointee.lanes, n, count)
    case .accumulateSum:
      if count & 7 == 0 && sa == 1 {
        for v in 0..<n { ElementwiseKernels.store(ElementwiseKernels.load(d, v) + ElementwiseKernels.load(a, v), d, v) }
      } else {
        for i in 0..<count { d[i] += a[sa == 0 ? i & 7 : i] }
      }
    case .gather:
      gather(d, a, UnsafeRawPointer(b).assumingMemoryBound(to: Int.self), l.pointee.lanes, count)
    case .unary:
      ElementwiseKernels.unary(UnaryOperation(rawValue: s.pointee.operation.sub).unsafelyUnwrapped, d, a, sa, n)
    case .binary:
      ElementwiseKernels.binary(BinaryOperation(rawValue: s.pointee.operation.sub).unsafelyUnwrapped, d, a, sa, b, sb, n)
    case .ternary:
      ElementwiseKernels.ternary(
        TernaryOperation(rawValue: s.pointee.operation.sub).unsafelyUnwrapped, d, a, sa, b, sb, s.pointee.c, Int(s.pointee.operation.sc), n)
    case .rare: rare(s.pointee.operation, l, d, a, sa, n, count)
    }
  }

  @inline(always)
  private static func map(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ f: (Vector8) -> Vector8) {
    var v = 0
    repeat {
      ElementwiseKernels.store(f(ElementwiseKernels.load(a, v &* sa)), d, v)
      v &+= 1
    } while v < n
  }

  @inline(always)
  private static func map(
    _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int, _ f: (Vector8, Vector8) -> Vector8
  ) {
    var v = 0
    repeat {
      ElementwiseKernels.store(f(ElementwiseKernels.load(a, v &* sa), ElementwiseKernels.load(b, v &* sb)), d, v)
      v &+= 1
    } while v < n
  }

  @inline(always)
  private static func map(
    _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ c: Pointer, _ sc: Int, _ n: Int,
    _ f: (Vector8, Vector8, Vector8) -> Vector8
  ) {
    var v = 0
    repeat {
      ElementwiseKernels.store(
        f(ElementwiseKernels.load(a, v &* sa), ElementwiseKernels.load(b, v &* sb), ElementwiseKernels.load(c, v &* sc)), d, v)
      v &+= 1
    } while v < n
  }

  @inline(always)
  private static func gather(_ d: Pointer, _ table: Pointer, _ indices: UnsafePointer<Int>, _ lanes: Int, _ count: Int) {
    switch lanes {
    case 1: for i in 0..<count { d[i] = table[indices[i]] }
    case 8:
      for i in 0..<(count >> 3) {
        ElementwiseKernels.store(UnsafeRawPointer(table + indices[i]).loadUnaligned(as: Vector8.self), d, i)
      }
    default:
      for i in 0..<(count / lanes) { for lane in 0..<lanes { d[i &* lanes &+ lane] = table[indices[i] &+ lane] } }
    }
  }

  /// Adds a tile to its 8·lanes partial sums; the part of the last vector that is past the end does not count.
  @inline(always)
  private static func reduceSum(_ d: Pointer, _ a: Pointer, _ sa: Int, _ lanes: Int, _ n: Int, _ count: Int) {
    let whole = count >> 3
    if lanes == 1 {
      var sum = ElementwiseKernels.load(d, 0)
      for v in 0..<whole { sum += ElementwiseKernels.load(a, v &* sa) }
      ElementwiseKernels.store(sum, d, 0)
    } else {
      for v in 0..<whole {
        let slot = v & (lanes - 1)
        ElementwiseKernels.store(ElementwiseKernels.load(d, slot) + ElementwiseKernels.load(a, v &* sa), d, slot)
      }
    }
    if count & 7 != 0 {
      let slot = (whole & (lanes - 1)) << 3
      let source = a + 8 &* whole &* sa
      for i in 0..<(count & 7) { d[slot + i] += source[i] }
    }
  }

  @inline(never)
  private static func rare(
    _ operation: MicroOperation, _ l: UnsafeMutablePointer<RuntimeLoop>, _ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ count: Int
  ) {
    let lanes = l.pointee.lanes
    switch operation.code {
    case .splat:
      let width = Int(operation.extra)
      for i in 0..<8 { d[i] = a[i & (width - 1)] }
    case .expand:
      if lanes == 8 {
        for i in 0..<(count >> 3) { ElementwiseKernels.store(Vector8(repeating: a[i]), d, i) }
      } else {
        for i in 0..<(count / lanes) { for lane in 0..<lanes { d[i &* lanes &+ lane] = a[i] } }
      }
    case .strided:
      let step = Int(operation.extra)
      if lanes == 1 {
        for i in 0..<count { d[i] = a[i &* step] }
      } else if operation.sub == 1 {
        for i in 0..<(count / lanes) { for lane in 0..<lanes { d[i &* lanes &+ lane] = a[i &* step &* lanes &+ lane] } }
      } else {
        for i in 0..<(count / lanes) { for lane in 0..<lanes { d[i &* lanes &+ lane] = a[i &* step] } }
      }
    case .gatherDynamic:
      let indices = l.pointee.table[Int(operation.b)]
      let size = Double(operation.extra)
      let step = Int(operation.step)
      let tableLanes = operation.sub & 1 != 0 ? lanes : 1
      let indexLanes = operation.sub & 2 != 0 ? lanes : 1
      for i in 0..<(count / lanes) {
        for lane in 0..<lanes {
          let index = indices[i &* indexLanes &+ lane & (indexLanes - 1)]
          let isLegal = index >= 0 && index < size && index.rounded(.down) == index
          d[i &* lanes &+ lane] = isLegal ? a[Int(index) &* step &* tableLanes &+ lane & (tableLanes - 1)] : .nan
        }
      }
    case .accumulateMaximum, .accumulateMinimum:
      let sign: Double = operation.code == .accumulateMaximum ? 1 : -1
      for v in 0..<(count >> 3) { extreme(d, v, a, v &* sa, sign) }
      for i in (count & ~7)..<count { d[i] = sign * larger(sign * d[i], sign * a[sa == 0 ? i & 7 : i]) }
    case .reduceMaximum, .reduceMinimum:
      let sign: Double = operation.code == .reduceMaximum ? 1 : -1
      for v in 0..<(count >> 3) { extreme(d, v & (lanes - 1), a, v &* sa, sign) }
      for i in (count & ~7)..<count {
        let slot = i & (8 &* lanes - 1)
        d[slot] = sign * larger(sign * d[slot], sign * a[sa == 0 ? i & 7 : i])
      }
    default: break
    }
  }

  /// Vector `dv` of d becomes its elementwise maximum with vector `av` of a (minimum for sign −1); NaN where either is.
  @inline(always)
  private static func extreme(_ d: Pointer, _ dv: Int, _ a: Pointer, _ av: Int, _ sign: Double) {
    let x = ElementwiseKernels.load(d, dv)
    let y = ElementwiseKernels.load(a, av)
    let keeps = (sign * x .> sign * y) .| (x .!= x)
    ElementwiseKernels.store(y.replacing(with: x, where: keeps), d, dv)
  }

  /// The larger of two numbers; NaN if either is.
  @inline(always)
  private static func larger(_ x: Double, _ y: Double) -> Double { x > y || x != x ? x : y }

  private static func neutral(_ reducer: Reducer) -> Double {
    switch reducer {
    case .sum: 0
    case .maximum: -.infinity
    case .minimum: .infinity
    }
  }

  /// Combines the eight partial results of every lane in the fixed order and adds them to the result of the row.
  @inline(always)
  private static func finish(_ end: RuntimeLoop.End, _ l: UnsafeMutablePointer<RuntimeLoop>) {
    let p = l.pointee.table[end.accumulator]
    let out = l.pointee.table[end.stream]
    let w = l.pointee.lanes
    guard end.reducer == .sum else { return finishExtreme(end, p, out, w) }
    switch w {
    case 1:
      let v = ElementwiseKernels.load(p, 0)
      let four = v.lowHalf + v.highHalf
      let two = four.lowHalf + four.highHalf
      let result = out[0] + (two[0] + two[1])
      if end.repeats { ElementwiseKernels.store(Vector8(repeating: result), out, 0) } else { out[0] = result }
    case 8:
      let even =
        (ElementwiseKernels.load(p, 0) + ElementwiseKernels.load(p, 4)) + (ElementwiseKernels.load(p, 2) + ElementwiseKernels.load(p, 6))
      let odd =
        (ElementwiseKernels.load(p, 1) + ElementwiseKernels.load(p, 5)) + (ElementwiseKernels.load(p, 3) + ElementwiseKernels.load(p, 7))
      ElementwiseKernels.store(ElementwiseKernels.load(out, 0) + (even + odd), out, 0)
    case 4:
      // A vector holds slots 2v and 2v + 1.
      let a = ElementwiseKernels.load(p, 0) + ElementwiseKernels.load(p, 2)
      let b = ElementwiseKernels.load(p, 1) + ElementwiseKernels.load(p, 3)
      let sum = a + b
      let result = UnsafeRawPointer(out).loadUnaligned(as: SIMD4<Double>.self) + (sum.lowHalf + sum.highHalf)
      UnsafeMutableRawPointer(out).storeBytes(of: result, as: SIMD4<Double>.self)
      if end.repeats { UnsafeMutableRawPointer(out + 4).storeBytes(of: result, as: SIMD4<Double>.self) }
    default:
      for lane in 0..<w {
        let q = p + lane
        out[lane] += ((q[0] + q[4 &* w]) + (q[2 &* w] + q[6 &* w])) + ((q[w] + q[5 &* w]) + (q[3 &* w] + q[7 &* w]))
      }
      if end.repeats { for i in w..<8 { out[i] = out[i & (w - 1)] } }
    }
  }

  @inline(never)
  private static func finishExtreme(_ end: RuntimeLoop.End, _ p: Pointer, _ out: Pointer, _ w: Int) {
    let sign: Double = end.reducer == .maximum ? 1 : -1
    for lane in 0..<w {
      var best = sign * out[lane]
      for slot in 0..<8 { best = larger(best, sign * p[slot &* w &+ lane]) }
      out[lane] = sign * best
    }
    if end.repeats { for i in w..<8 where w < 8 { out[i] = out[i & (w - 1)] } }
  }
}
