import Kernels

/// Runs fused loops: rows of the outer axes, tiles of the inner one, steps for each tile. Values stay in registers of one tile, which stay in
/// the first-level cache.
enum LoopRunner {
  typealias Pointer = UnsafeMutablePointer<Double>

  /// Vectors in a tile; a multiple of eight, so that partial sums keep their order.
  static let tileVectors = 16

  static func run(_ loop: UnsafeMutablePointer<RuntimeLoop>) {
    run(loop.pointee)
  }

  private static func run(_ l: RuntimeLoop) {
    for e in 0..<l.endCount {
      let end = l.ends[e]
      end.start.update(repeating: neutral(end.reducer), count: end.count)
    }
    if l.rank > 0 {
      for axis in 0..<l.rank { l.index[axis] = 0 }
      for s in 0..<l.streamCount { l.table[s] = l.bases[s] }
    }
    for row in 0..<l.rows {
      runRow(l)
      if row + 1 < l.rows { nextRow(l) }
    }
  }

  /// Moves every stream to the start of the next row.
  @inline(__always)
  private static func nextRow(_ l: RuntimeLoop) {
    var axis = l.rank - 1
    while axis > 0, l.index[axis] + 1 == l.lengths[axis] {
      l.index[axis] = 0
      axis -= 1
    }
    l.index[axis] += 1
    for s in 0..<l.streamCount { l.table[s] = l.bases[s] }
    for axis in 0..<l.rank where l.index[axis] != 0 {
      let steps = l.rowSteps + axis * l.streamCount
      for s in 0..<l.streamCount { l.table[s] += steps[s] * l.index[axis] }
    }
  }

  @inline(__always)
  private static func runRow(_ l: RuntimeLoop) {
    for e in 0..<l.endCount where l.ends[e].accumulator >= 0 {
      let end = l.ends[e]
      l.table[end.accumulator].update(repeating: neutral(end.reducer), count: 8 * l.lanes)
    }
    if l.rowOperationCount > 0 {
      if l.rank > 0 { aim(l.rowOperations, l.rowOperationCount, l) }
      steps(l.rowOperations, l.rowOperationCount, l, 1, 8)
    }
    if l.vectors <= tileVectors {
      if l.rank > 0 { aim(l.operations, l.operationCount, l) }
      steps(l.operations, l.operationCount, l, l.vectors, l.doubles)
    } else {
      var left = l.doubles
      while left > 0 {
        let count = Swift.min(left, tileVectors * 8)
        aim(l.operations, l.operationCount, l)
        steps(l.operations, l.operationCount, l, (count + 7) / 8, count)
        left -= count
        if left > 0 { for s in 0..<l.streamCount { l.table[s] += l.tileSteps[s] } }
      }
      if l.rank == 0 { for s in 0..<l.streamCount { l.table[s] = l.bases[s] } }
    }
    for e in 0..<l.endCount where l.ends[e].accumulator >= 0 { finish(l.ends[e], l) }
  }

  /// Steps with the pointers of the tile in place.
  @inline(never)
  private static func steps(_ first: UnsafeMutablePointer<RuntimeStep>, _ stepCount: Int, _ l: RuntimeLoop, _ n: Int, _ count: Int) {
    if n == 1 {
      for index in 0..<stepCount { step(first + index, l, 1, count) }
    } else {
      for index in 0..<stepCount { step(first + index, l, n, count) }
    }
  }

  /// Puts the pointers of the present row and tile into the steps.
  @inline(__always)
  private static func aim(_ first: UnsafeMutablePointer<RuntimeStep>, _ stepCount: Int, _ l: RuntimeLoop) {
    for index in 0..<stepCount {
      let operation = first[index].operation
      first[index].d = l.table[Int(operation.dst)]
      first[index].a = l.table[Int(operation.a)]
      first[index].b = l.table[Int(operation.b)]
      if operation.code != .gatherDynamic { first[index].c = l.table[Int(operation.c)] }
    }
  }

  /// One step on a tile of `n` vectors, of which `count` doubles count. What is common is here, the rest behind a call.
  @inline(__always)
  private static func step(_ s: UnsafeMutablePointer<RuntimeStep>, _ l: RuntimeLoop, _ n: Int, _ count: Int) {
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
      if l.isExact {
        if sa == 1 { d.update(from: a, count: count) } else { for i in 0..<count { d[i] = a[i & 7] } }
      } else {
        map(d, a, sa, n) { $0 }
      }
    case .reduceSum: reduceSum(d, a, sa, l.lanes, n, count)
    case .accumulateSum:
      if count & 7 == 0 && sa == 1 {
        for v in 0..<n { ElementwiseKernels.store(ElementwiseKernels.load(d, v) + ElementwiseKernels.load(a, v), d, v) }
      } else {
        for i in 0..<count { d[i] += a[sa == 0 ? i & 7 : i] }
      }
    case .gather:
      gather(d, a, UnsafeRawPointer(b).assumingMemoryBound(to: Int.self), l.lanes, count)
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

  @inline(__always)
  private static func map(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ f: (Vector8) -> Vector8) {
    var v = 0
    repeat {
      ElementwiseKernels.store(f(ElementwiseKernels.load(a, v &* sa)), d, v)
      v &+= 1
    } while v < n
  }

  @inline(__always)
  private static func map(
    _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int, _ f: (Vector8, Vector8) -> Vector8
  ) {
    var v = 0
    repeat {
      ElementwiseKernels.store(f(ElementwiseKernels.load(a, v &* sa), ElementwiseKernels.load(b, v &* sb)), d, v)
      v &+= 1
    } while v < n
  }

  @inline(__always)
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

  @inline(__always)
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
  @inline(__always)
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
    _ operation: MicroOperation, _ l: RuntimeLoop, _ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ count: Int
  ) {
    let lanes = l.lanes
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
      let indices = l.table[Int(operation.b)]
      let size = Double(operation.extra)
      let step = Int(operation.c)
      let tableLanes = operation.sub & 1 != 0 ? lanes : 1
      let indexLanes = operation.sub & 2 != 0 ? lanes : 1
      for i in 0..<(count / lanes) {
        for lane in 0..<lanes {
          let index = indices[i &* indexLanes &+ lane & (indexLanes - 1)]
          let isLegal = index >= 0 && index < size && index.rounded(.down) == index
          d[i &* lanes &+ lane] = isLegal ? a[Int(index) &* step &* tableLanes &+ lane & (tableLanes - 1)] : .nan
        }
      }
    case .accumulateMaximum: for i in 0..<count { d[i] = larger(d[i], a[sa == 0 ? i & 7 : i]) }
    case .accumulateMinimum: for i in 0..<count { d[i] = -larger(-d[i], -a[sa == 0 ? i & 7 : i]) }
    case .reduceMaximum:
      for i in 0..<count { let s = i & (8 &* lanes - 1); d[s] = larger(d[s], a[sa == 0 ? i & 7 : i]) }
    case .reduceMinimum:
      for i in 0..<count { let s = i & (8 &* lanes - 1); d[s] = -larger(-d[s], -a[sa == 0 ? i & 7 : i]) }
    default: break
    }
  }

  /// The larger of two numbers; NaN if either is.
  @inline(__always)
  private static func larger(_ x: Double, _ y: Double) -> Double { x > y || x != x ? x : y }

  private static func neutral(_ reducer: Reducer) -> Double {
    switch reducer {
    case .sum: 0
    case .maximum: -.infinity
    case .minimum: .infinity
    }
  }

  /// Combines the eight partial results of every lane in the fixed order and adds them to the result of the row.
  @inline(__always)
  private static func finish(_ end: RuntimeLoop.End, _ l: RuntimeLoop) {
    let p = l.table[end.accumulator]
    let out = l.table[end.stream]
    let w = l.lanes
    for lane in 0..<w {
      let q = p + lane
      let result: Double
      switch end.reducer {
      case .sum:
        result = out[lane] + (((q[0] + q[4 &* w]) + (q[2 &* w] + q[6 &* w])) + ((q[w] + q[5 &* w]) + (q[3 &* w] + q[7 &* w])))
      case .maximum:
        var best = out[lane]
        for slot in 0..<8 { best = larger(best, q[slot &* w]) }
        result = best
      case .minimum:
        var best = -out[lane]
        for slot in 0..<8 { best = larger(best, -q[slot &* w]) }
        result = -best
      }
      out[lane] = result
    }
    // A single number is kept repeated through one vector.
    if end.repeats { for i in w..<8 where w < 8 { out[i] = out[i & (w - 1)] } }
  }
}
