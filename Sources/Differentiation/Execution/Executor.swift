import Kernels

/// Where the random draws of one execution come from.
package struct RandomContext: Sendable {
  package var seed: UInt64
  package var purpose: UInt32
  package var step: UInt64
  /// The chain or particle of lane 0; lane w has `firstChain + w`.
  package var firstChain: UInt32
  package init(seed: UInt64 = 0, purpose: UInt32 = 0, step: UInt64 = 0, firstChain: UInt32 = 0) {
    self.seed = seed
    self.purpose = purpose
    self.step = step
    self.firstChain = firstChain
  }
}

/// Replays a plan in a workspace of its own. One thread at a time; no allocation in ``run()``.
package final class Executor {
  package let plan: Plan
  package var random = RandomContext()
  /// The first error that a custom node threw since it was last set to nil.
  package var firstError: (any Error)?

  let workspace: UnsafeMutablePointer<Double>
  /// The start of every buffer.
  let address: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
  /// What heavy instructions prepared, by instruction.
  private(set) var prepared: [AnyObject?] = []
  private let loops: UnsafeMutablePointer<RuntimeLoop>
  private let program: [Int32]
  private let memory: LoopMemory
  /// Where inputs and outputs stand, without the arrays of their slots, whose reference counts a replay must not touch.
  private let inputPlaces: UnsafeMutablePointer<Place>
  private let outputPlaces: UnsafeMutablePointer<Place>

  struct Place {
    var pointer: UnsafeMutablePointer<Double>
    var count: Int
    var width: Int
  }

  package init(_ plan: Plan) throws {
    self.plan = plan
    workspace = .allocate(capacity: plan.workspaceSize + 64)
    workspace.initialize(repeating: 0, count: plan.workspaceSize + 64)
    address = .allocate(capacity: Swift.max(plan.buffers.count, 1))
    for (index, buffer) in plan.buffers.enumerated() {
      switch buffer.place {
      case .constant: (address + index).initialize(to: plan.constants.base + buffer.offset)
      case .workspace: (address + index).initialize(to: workspace + buffer.offset)
      }
    }
    memory = LoopMemory()
    func places(_ slots: [PlanSlot], _ address: UnsafeMutablePointer<UnsafeMutablePointer<Double>>) -> [Place] {
      slots.map { slot in
        let width = slot.isLaned ? plan.lanes : 1
        return Place(
          pointer: address[slot.view.buffer] + slot.view.offset * width, count: slot.count, width: width)
      }
    }
    inputPlaces = memory.copy(places(plan.inputs, address))
    outputPlaces = memory.copy(places(plan.outputs, address))
    var loopCount = 0
    program = plan.instructions.enumerated().map { index, instruction in
      if case .loop = instruction {
        loopCount += 1
        return Int32(loopCount - 1)
      }
      return Int32(-1 - index)
    }
    loops = .allocate(capacity: Swift.max(loopCount, 1))
    var next = 0
    for case .loop(let loop) in plan.instructions {
      (loops + next).initialize(to: RuntimeLoop(loop, address: address, plan: plan, memory: memory))
      next += 1
    }
    for instruction in plan.instructions {
      if case .heavy(let heavy) = instruction { prepared.append(try heavy.prepare(self)) } else { prepared.append(nil) }
    }
  }

  deinit {
    workspace.deallocate()
    address.deallocate()
    loops.deallocate()
  }

  /// Executes all instructions once.
  package func run() {
    program.withUnsafeBufferPointer { program in
      for item in program {
        if item >= 0 {
          LoopRunner.run(loops + Int(item))
        } else if case .heavy(let heavy) = plan.instructions[Int(-1 - item)] {
          heavy.run(self, prepared[Int(-1 - item)])
        }
      }
    }
  }

  // MARK: - Values in and out

  func inputPlace(_ index: Int) -> Place { inputPlaces[index] }
  func outputPlace(_ index: Int) -> Place { outputPlaces[index] }

  /// Sets input `index` from [element][lane] (or [element] if it does not vary by lane).
  package func setInput(_ index: Int, _ source: UnsafePointer<Double>) {
    let place = inputPlaces[index]
    if place.count == 1 {
      for i in 0..<8 { place.pointer[i] = source[i & (place.width - 1)] }
    } else {
      place.pointer.update(from: source, count: place.count * place.width)
    }
  }

  /// Copies output `index` to [element][lane] for `lanes` lanes of the plan (an output that does not vary by lane is repeated), row-major.
  package func copyOutput(_ index: Int, lanes: Int, to target: UnsafeMutablePointer<Double>) {
    let place = outputPlaces[index]
    if place.width == lanes {
      target.update(from: place.pointer, count: place.count * lanes)
    } else {
      for element in 0..<place.count {
        for lane in 0..<lanes { target[element * lanes + lane] = place.pointer[element * place.width + lane & (place.width - 1)] }
      }
    }
  }

  /// Output `index`, [element][lane], or [element] if it does not vary by lane.
  package func output(_ index: Int) -> [Double] {
    let place = outputPlaces[index]
    return Array(UnsafeBufferPointer(start: place.pointer, count: place.count * place.width))
  }
}

/// Memory of the loops of one executor, released with it.
final class LoopMemory {
  private var blocks: [UnsafeMutableRawPointer] = []

  func allocate<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: Swift.max(count, 1) * MemoryLayout<T>.stride, alignment: 64)
    blocks.append(raw)
    return raw.bindMemory(to: T.self, capacity: Swift.max(count, 1))
  }

  func copy<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
    let pointer = allocate(T.self, values.count)
    for (index, value) in values.enumerated() { (pointer + index).initialize(to: value) }
    return pointer
  }

  deinit { blocks.forEach { $0.deallocate() } }
}

/// Which code runs a step: the frequent ones by name, the others by their family.
enum StepKernel: UInt8 {
  case add, subtract, multiply, divide, negate, square, reciprocal, exp, log, multiplyAdd, negatedMultiplyAdd
  case copy, reduceSum, accumulateSum, gather
  case unary, binary, ternary, rare

  init(_ operation: MicroOperation) {
    switch operation.code {
    case .unary:
      switch UnaryOperation(rawValue: operation.sub) {
      case .negate: self = .negate
      case .square: self = .square
      case .reciprocal: self = .reciprocal
      case .exp: self = .exp
      case .log: self = .log
      default: self = .unary
      }
    case .binary:
      switch BinaryOperation(rawValue: operation.sub) {
      case .add: self = .add
      case .subtract: self = .subtract
      case .multiply: self = .multiply
      case .divide: self = .divide
      default: self = .binary
      }
    case .ternary: self = .ternary
    case .multiplyAdd: self = .multiplyAdd
    case .negatedMultiplyAdd: self = .negatedMultiplyAdd
    case .copy: self = .copy
    case .reduceSum: self = .reduceSum
    case .accumulateSum: self = .accumulateSum
    case .gather: self = .gather
    default: self = .rare
    }
  }
}

/// A step with its addresses: those of the first row and tile until the loop moves on.
struct RuntimeStep {
  var d: UnsafeMutablePointer<Double>
  var a: UnsafeMutablePointer<Double>
  var b: UnsafeMutablePointer<Double>
  var c: UnsafeMutablePointer<Double>
  let operation: MicroOperation
  let kernel: StepKernel

  init(_ operation: MicroOperation, _ table: UnsafeMutablePointer<UnsafeMutablePointer<Double>>) {
    self.operation = operation
    kernel = StepKernel(operation)
    d = table[Int(operation.dst)]
    a = table[Int(operation.a)]
    b = table[Int(operation.b)]
    c = table[Int(operation.c)]
  }
}

/// One fused loop with all addresses known.
struct RuntimeLoop {
  typealias Pointer = UnsafeMutablePointer<Double>

  struct End {
    var reducer: Reducer
    var stream: Int
    /// Place of the partial results in the table; −1 when tiles are accumulated in memory.
    var accumulator: Int
    /// What to fill with the neutral element first.
    var start: Pointer
    var count: Int
    var repeats: Bool
  }

  let lanes: Int
  let rows: Int
  let rank: Int
  let lengths: UnsafeMutablePointer<Int>
  let streamCount: Int
  let bases: UnsafeMutablePointer<Pointer>
  /// [rank][streamCount], in doubles.
  let rowSteps: UnsafeMutablePointer<Int>
  let tileSteps: UnsafeMutablePointer<Int>
  let table: UnsafeMutablePointer<Pointer>
  let rowOperations: UnsafeMutablePointer<RuntimeStep>
  let rowOperationCount: Int
  let operations: UnsafeMutablePointer<RuntimeStep>
  let operationCount: Int
  /// Doubles along the inner axis, and whole or begun vectors.
  let doubles: Int
  let vectors: Int
  /// Whether the last vector of a row must not be written past its end.
  let isExact: Bool
  let ends: UnsafeMutablePointer<End>
  let endCount: Int
  let index: UnsafeMutablePointer<Int>

  init(_ loop: LoopProgram, address: UnsafeMutablePointer<Pointer>, plan: Plan, memory: LoopMemory) {
    lanes = loop.lanes
    rows = loop.outer.reduce(1, *)
    rank = loop.outer.count
    lengths = memory.copy(loop.outer)
    index = memory.copy([Int](repeating: 0, count: loop.outer.count))
    streamCount = loop.streams.count
    let widths = loop.streams.map { $0.isLaned ? loop.lanes : 1 }
    let starts = loop.streams.enumerated().map { address[$1.view.buffer] + $1.view.offset * widths[$0] }
    bases = memory.copy(starts)
    rowSteps = memory.copy(loop.outer.indices.flatMap { axis in loop.streams.enumerated().map { $1.strides[axis] * widths[$0] } })
    let tile = LoopRunner.tileVectors * 8 / loop.lanes
    tileSteps = memory.copy(loop.streams.enumerated().map { $1.strides.last! * widths[$0] * tile })
    let registers = memory.allocate(Double.self, loop.registers * LoopRunner.tileVectors * 8)
    registers.initialize(repeating: 0, count: loop.registers * LoopRunner.tileVectors * 8)
    let accumulators = memory.allocate(Double.self, loop.accumulators * loop.lanes * 8)
    accumulators.initialize(repeating: 0, count: loop.accumulators * loop.lanes * 8)
    let places = memory.copy(
      starts + (0..<loop.registers).map { registers + $0 * LoopRunner.tileVectors * 8 }
        + (0..<loop.accumulators).map { accumulators + $0 * loop.lanes * 8 })
    table = places
    rowOperations = memory.copy(loop.rowOperations.map { RuntimeStep($0, places) })
    rowOperationCount = loop.rowOperations.count
    operations = memory.copy(loop.operations.map { RuntimeStep($0, places) })
    operationCount = loop.operations.count
    doubles = loop.inner * loop.lanes
    vectors = (doubles + 7) / 8
    isExact = rows > 1 && doubles % 8 != 0
    let firstAccumulator = loop.streams.count + loop.registers
    ends = memory.copy(
      loop.reductions.map { reduction in
        let buffer = plan.buffers[reduction.buffer]
        return End(
          reducer: reduction.reducer, stream: reduction.stream, accumulator: reduction.accumulator.map { firstAccumulator + $0 } ?? -1,
          start: address[reduction.buffer], count: buffer.count * loop.lanes, repeats: buffer.count == 1)
      })
    endCount = loop.reductions.count
  }
}
