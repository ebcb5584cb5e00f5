import Kernels

/// Which code runs a step: the frequent ones by name, the others by their family.
enum StepKernel: UInt8 {
  case add, subtract, multiply, divide, maximum, minimum, negate, square, reciprocal, exp, log, log1p
  case multiplyAdd, negatedMultiplyAdd, multiplySubtract, select, copy, gather
  /// Whole reductions of one line of steps.
  case total, terms
  /// Reductions of a loop, part by part.
  case reduceSum, accumulateSum, accumulateMaximum
  case unary, binary, ternary, rare
  /// A step of a line on more vectors than one.
  case wide

  init(_ operation: MicroOperation) {
    switch operation.code {
    case .unary:
      switch UnaryOperation(rawValue: operation.sub) {
      case .negate: self = .negate
      case .square: self = .square
      case .reciprocal: self = .reciprocal
      case .exp: self = .exp
      case .log: self = .log
      case .log1p: self = .log1p
      default: self = .unary
      }
    case .binary:
      switch BinaryOperation(rawValue: operation.sub) {
      case .add: self = .add
      case .subtract: self = .subtract
      case .multiply: self = .multiply
      case .divide: self = .divide
      case .maximum: self = .maximum
      case .minimum: self = .minimum
      default: self = .binary
      }
    case .ternary: self = TernaryOperation(rawValue: operation.sub) == .select ? .select : .ternary
    case .multiplyAdd: self = .multiplyAdd
    case .negatedMultiplyAdd: self = .negatedMultiplyAdd
    case .multiplySubtract: self = .multiplySubtract
    case .copy: self = .copy
    case .reduceSum: self = .reduceSum
    case .accumulateSum: self = .accumulateSum
    case .accumulateMaximum: self = .accumulateMaximum
    case .gather: self = .gather
    case .terms: self = .terms
    default: self = .rare
    }
  }
}

/// A step with its addresses: those of the first row and tile until the loop moves on.
struct RuntimeStep {
  typealias Pointer = UnsafeMutablePointer<Double>

  var d: Pointer
  var a: Pointer
  var b: Pointer
  var c: Pointer
  let kernel: StepKernel
  /// In a line of steps: how it is computed (`wide` on several vectors), lanes, vectors, and the doubles of them that count.
  let single: StepKernel
  let lanes: UInt8
  let vectors: UInt16
  let doubles: UInt16
  let operation: MicroOperation

  init(
    _ operation: MicroOperation, _ table: UnsafePointer<Pointer>, kernel: StepKernel? = nil, lanes: Int = 1, doubles: Int = 8
  ) {
    self.operation = operation
    self.kernel = kernel ?? StepKernel(operation)
    self.lanes = UInt8(lanes)
    self.doubles = UInt16(doubles)
    vectors = UInt16((doubles + 7) / 8)
    single = vectors == 1 || self.kernel == .total || self.kernel == .terms ? self.kernel : .wide
    d = table[Int(operation.dst)]
    a = table[Int(operation.a)]
    b = table[Int(operation.b)]
    c = table[Int(operation.c)]
  }

  @inline(always) var sa: Int { Int(operation.sa) }
  @inline(always) var sb: Int { Int(operation.sb) }
  @inline(always) var sc: Int { Int(operation.sc) }
  /// The constant indices of a gather or of the terms of a sum.
  @inline(always) var indices: UnsafePointer<Int> { UnsafePointer(UnsafeRawPointer(b).assumingMemoryBound(to: Int.self)) }
}

/// Executes steps. Simple operations stand in the switch; the others are calls.
enum StepRunner {
  typealias Pointer = UnsafeMutablePointer<Double>
  typealias Step = UnsafeMutablePointer<RuntimeStep>

  @inline(always) static func load(_ p: Pointer, _ v: Int) -> Vector8 { ElementwiseKernels.load(p, v) }
  @inline(always) static func store(_ x: Vector8, _ p: Pointer, _ v: Int) { ElementwiseKernels.store(x, p, v) }

  // MARK: - A line of steps

  /// Every step once, in order, with the addresses it has.
  @inline(never)
  static func run(_ first: Step, _ count: Int) {
    var s = first
    let end = first + count
    while s != end {
      switch s.pointee.single {
      case .add: store(load(s.pointee.a, 0) + load(s.pointee.b, 0), s.pointee.d, 0)
      case .subtract: store(load(s.pointee.a, 0) - load(s.pointee.b, 0), s.pointee.d, 0)
      case .multiply: store(load(s.pointee.a, 0) * load(s.pointee.b, 0), s.pointee.d, 0)
      case .divide: store(load(s.pointee.a, 0) / load(s.pointee.b, 0), s.pointee.d, 0)
      case .maximum: ElementwiseKernels.maximum(s.pointee.d, s.pointee.a, 1, s.pointee.b, 1, 1)
      case .minimum: ElementwiseKernels.minimum(s.pointee.d, s.pointee.a, 1, s.pointee.b, 1, 1)
      case .negate: store(-load(s.pointee.a, 0), s.pointee.d, 0)
      case .square:
        let x = load(s.pointee.a, 0)
        store(x * x, s.pointee.d, 0)
      case .reciprocal: store(1 / load(s.pointee.a, 0), s.pointee.d, 0)
      case .multiplyAdd: store(multiplyAdd(load(s.pointee.a, 0), load(s.pointee.b, 0), load(s.pointee.c, 0)), s.pointee.d, 0)
      case .negatedMultiplyAdd: store(multiplyAdd(-load(s.pointee.a, 0), load(s.pointee.b, 0), load(s.pointee.c, 0)), s.pointee.d, 0)
      case .multiplySubtract: store(multiplyAdd(load(s.pointee.a, 0), load(s.pointee.b, 0), -load(s.pointee.c, 0)), s.pointee.d, 0)
      case .select:
        store(load(s.pointee.b, 0).replacing(with: load(s.pointee.c, 0), where: load(s.pointee.a, 0) .== 0), s.pointee.d, 0)
      case .copy: store(load(s.pointee.a, 0), s.pointee.d, 0)
      case .exp: ElementwiseKernels.exp(s.pointee.d, s.pointee.a, 1, 1)
      case .log: ElementwiseKernels.log(s.pointee.d, s.pointee.a, 1, 1)
      case .log1p: ElementwiseKernels.log1p(s.pointee.d, s.pointee.a, 1, 1)
      case .gather where s.pointee.lanes == 1:
        store(gathered(s.pointee.a, s.pointee.indices, count: Int(s.pointee.doubles)), s.pointee.d, 0)
      case .total: LineReduction.total(s)
      case .terms: LineReduction.terms(s)
      case .wide: wide(s)
      default: tile(s, Int(s.pointee.vectors), Int(s.pointee.doubles), lanes: Int(s.pointee.lanes), isExact: false)
      }
      s += 1
    }
  }

  /// A step of a line on several vectors: arithmetic without the call of a tile.
  @inline(always)
  private static func wide(_ s: Step) {
    let (d, a, b) = (s.pointee.d, s.pointee.a, s.pointee.b)
    let (sa, sb) = (s.pointee.sa, s.pointee.sb)
    let n = Int(s.pointee.vectors)
    switch s.pointee.kernel {
    case .add: for v in 0..<n { store(load(a, v &* sa) + load(b, v &* sb), d, v) }
    case .subtract: for v in 0..<n { store(load(a, v &* sa) - load(b, v &* sb), d, v) }
    case .multiply: for v in 0..<n { store(load(a, v &* sa) * load(b, v &* sb), d, v) }
    case .square:
      for v in 0..<n {
        let x = load(a, v &* sa)
        store(x * x, d, v)
      }
    case .multiplyAdd:
      let (c, sc) = (s.pointee.c, s.pointee.sc)
      for v in 0..<n { store(multiplyAdd(load(a, v &* sa), load(b, v &* sb), load(c, v &* sc)), d, v) }
    case .exp: ElementwiseKernels.exp(d, a, sa, n)
    case .gather where s.pointee.lanes == 1:
      for v in 0..<n { store(gathered(a, s.pointee.indices + 8 &* v, count: Int(s.pointee.doubles) &- 8 &* v), d, v) }
    default: tile(s, n, Int(s.pointee.doubles), lanes: Int(s.pointee.lanes), isExact: false)
    }
  }

  // MARK: - A tile

  /// One step on a tile of `n` vectors, of which `count` doubles count.
  @inline(never)
  static func tile(_ s: Step, _ n: Int, _ count: Int, lanes: Int, isExact: Bool) {
    let d = s.pointee.d
    let a = s.pointee.a
    let b = s.pointee.b
    let sa = s.pointee.sa
    let sb = s.pointee.sb
    switch s.pointee.kernel {
    case .add: map(d, a, sa, b, sb, n) { $0 + $1 }
    case .subtract: map(d, a, sa, b, sb, n) { $0 - $1 }
    case .multiply: map(d, a, sa, b, sb, n) { $0 * $1 }
    case .divide: map(d, a, sa, b, sb, n) { $0 / $1 }
    case .maximum: ElementwiseKernels.maximum(d, a, sa, b, sb, n)
    case .minimum: ElementwiseKernels.minimum(d, a, sa, b, sb, n)
    case .negate: map(d, a, sa, n) { -$0 }
    case .square: map(d, a, sa, n) { $0 * $0 }
    case .reciprocal: map(d, a, sa, n) { 1 / $0 }
    case .exp: ElementwiseKernels.exp(d, a, sa, n)
    case .log: ElementwiseKernels.log(d, a, sa, n)
    case .log1p: ElementwiseKernels.log1p(d, a, sa, n)
    case .multiplyAdd: map(d, a, sa, b, sb, s.pointee.c, s.pointee.sc, n) { multiplyAdd($0, $1, $2) }
    case .negatedMultiplyAdd: map(d, a, sa, b, sb, s.pointee.c, s.pointee.sc, n) { multiplyAdd(-$0, $1, $2) }
    case .multiplySubtract: map(d, a, sa, b, sb, s.pointee.c, s.pointee.sc, n) { multiplyAdd($0, $1, -$2) }
    case .select: map(d, a, sa, b, sb, s.pointee.c, s.pointee.sc, n) { $1.replacing(with: $2, where: $0 .== 0) }
    case .copy:
      if isExact {
        if sa == 1 { d.update(from: a, count: count) } else { for i in 0..<count { d[i] = a[i & 7] } }
      } else {
        map(d, a, sa, n) { $0 }
      }
    case .gather: gather(d, a, s.pointee.indices, lanes, n, count, isWide: s.pointee.operation.sub == 0)
    case .total: LineReduction.total(s)
    case .terms: LineReduction.terms(s)
    case .reduceSum: LoopReductions.sum(d, a, sa, lanes, count)
    case .accumulateSum: LoopReductions.accumulateSum(d, a, sa, n, count)
    case .accumulateMaximum: LoopReductions.accumulateExtreme(d, a, sa, count, 1)
    case .unary:
      ElementwiseKernels.unary(UnaryOperation(rawValue: s.pointee.operation.sub).unsafelyUnwrapped, d, a, sa, n)
    case .binary:
      ElementwiseKernels.binary(BinaryOperation(rawValue: s.pointee.operation.sub).unsafelyUnwrapped, d, a, sa, b, sb, n)
    case .ternary:
      ElementwiseKernels.ternary(
        TernaryOperation(rawValue: s.pointee.operation.sub).unsafelyUnwrapped, d, a, sa, b, sb, s.pointee.c, s.pointee.sc, n)
    case .rare, .wide: rare(s.pointee.operation, lanes, d, a, b, sa, count)
    }
  }

  @inline(always)
  private static func map(_ d: Pointer, _ a: Pointer, _ sa: Int, _ n: Int, _ f: (Vector8) -> Vector8) {
    var v = 0
    repeat {
      store(f(load(a, v &* sa)), d, v)
      v &+= 1
    } while v < n
  }

  /// Operands that do not move are loaded once.
  @inline(always)
  private static func map(
    _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ n: Int, _ f: (Vector8, Vector8) -> Vector8
  ) {
    var v = 0
    if sa & sb == 1 {
      repeat {
        store(f(load(a, v), load(b, v)), d, v)
        v &+= 1
      } while v < n
    } else if sa == 1 {
      let y = load(b, 0)
      repeat {
        store(f(load(a, v), y), d, v)
        v &+= 1
      } while v < n
    } else {
      let x = load(a, 0)
      repeat {
        store(f(x, load(b, v &* sb)), d, v)
        v &+= 1
      } while v < n
    }
  }

  @inline(always)
  private static func map(
    _ d: Pointer, _ a: Pointer, _ sa: Int, _ b: Pointer, _ sb: Int, _ c: Pointer, _ sc: Int, _ n: Int,
    _ f: (Vector8, Vector8, Vector8) -> Vector8
  ) {
    var v = 0
    repeat {
      store(f(load(a, v &* sa), load(b, v &* sb), load(c, v &* sc)), d, v)
      v &+= 1
    } while v < n
  }

  // MARK: - Elements out of order

  /// Eight elements in a register, so that no store of a single number is read back as part of a vector.
  @inline(always)
  static func gathered(_ table: Pointer, _ i: UnsafePointer<Int>) -> Vector8 {
    Vector8(table[i[0]], table[i[1]], table[i[2]], table[i[3]], table[i[4]], table[i[5]], table[i[6]], table[i[7]])
  }

  /// The same where only `count` elements matter: four if that is enough.
  @inline(always)
  static func gathered(_ table: Pointer, _ i: UnsafePointer<Int>, count: Int) -> Vector8 {
    if count > 4 { return gathered(table, i) }
    let four = SIMD4(table[i[0]], table[i[1]], table[i[2]], table[i[3]])
    return Vector8(lowHalf: four, highHalf: four)
  }

  /// d ← table elements (with their lanes if it is wide, else repeated over the lanes). Indices are padded with zeros to whole vectors.
  @inline(never)
  private static func gather(
    _ d: Pointer, _ table: Pointer, _ indices: UnsafePointer<Int>, _ lanes: Int, _ n: Int, _ count: Int, isWide: Bool
  ) {
    switch (lanes, isWide) {
    case (1, _): for v in 0..<n { store(gathered(table, indices + 8 &* v), d, v) }
    case (8, true): for i in 0..<n { store(UnsafeRawPointer(table + indices[i]).loadUnaligned(as: Vector8.self), d, i) }
    case (8, false): for i in 0..<n { store(Vector8(repeating: table[indices[i]]), d, i) }
    case (4, _):
      for v in 0..<n {
        let (low, high) = (indices[2 &* v], indices[8 &* v &+ 4 < count ? 2 &* v &+ 1 : 2 &* v])
        store(isWide ? Vector8(lowHalf: four(table + low), highHalf: four(table + high)) : repeated(table[low], table[high]), d, v)
      }
    case (_, true): for i in 0..<(count / lanes) { for lane in 0..<lanes { d[i &* lanes &+ lane] = table[indices[i] &+ lane] } }
    default: for i in 0..<(count / lanes) { for lane in 0..<lanes { d[i &* lanes &+ lane] = table[indices[i]] } }
    }
    // One element on two lanes stands repeated through one vector.
    if lanes == 2 && count == lanes { for i in count..<8 { d[i] = d[i & 1] } }
  }

  @inline(always)
  private static func four(_ p: Pointer) -> SIMD4<Double> { UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Double>.self) }

  /// Two numbers of four lanes each.
  @inline(always)
  private static func repeated(_ x: Double, _ y: Double) -> Vector8 { Vector8(lowHalf: SIMD4(repeating: x), highHalf: SIMD4(repeating: y)) }

  @inline(never)
  private static func rare(_ operation: MicroOperation, _ lanes: Int, _ d: Pointer, _ a: Pointer, _ b: Pointer, _ sa: Int, _ count: Int) {
    switch operation.code {
    case .splat:
      let width = Int(operation.extra)
      for i in 0..<8 { d[i] = a[i & (width - 1)] }
    case .expand:
      if lanes == 8 {
        for i in 0..<(count >> 3) { store(Vector8(repeating: a[i]), d, i) }
      } else if lanes == 4 {
        for v in 0..<(count >> 3) { store(repeated(a[2 &* v], a[2 &* v &+ 1]), d, v) }
        // The last of an odd number of elements.
        if count & 7 != 0 { store(Vector8(repeating: a[count >> 2 &- 1]), d, count >> 3) }
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
      let size = Double(operation.extra)
      let step = Int(operation.step)
      let tableLanes = operation.sub & 1 != 0 ? lanes : 1
      let indexLanes = operation.sub & 2 != 0 ? lanes : 1
      // One index for all elements stands in one vector.
      let indexStep = operation.sb == 0 ? 0 : indexLanes
      for i in 0..<(count / lanes) {
        for lane in 0..<lanes {
          let index = b[i &* indexStep &+ lane & (indexLanes - 1)]
          let isLegal = index >= 0 && index < size && index.rounded(.down) == index
          d[i &* lanes &+ lane] = isLegal ? a[Int(index) &* step &* tableLanes &+ lane & (tableLanes - 1)] : .nan
        }
      }
      // One element (or its lanes) stands repeated through one vector.
      if count == lanes { for i in count..<8 { d[i] = d[i & (lanes - 1)] } }
    case .accumulateMinimum: LoopReductions.accumulateExtreme(d, a, sa, count, -1)
    case .reduceMaximum: LoopReductions.extreme(d, a, sa, lanes, count, 1)
    case .reduceMinimum: LoopReductions.extreme(d, a, sa, lanes, count, -1)
    default: break
    }
  }
}
