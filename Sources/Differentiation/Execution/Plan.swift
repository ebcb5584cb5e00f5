/// A stretch of memory: the value of one graph entry, contiguous, [element][lane] where it varies by lane.
///
/// A buffer of one element holds it (or its lanes) repeated through one vector of eight.
struct Buffer: Sendable {
  enum Place: Sendable { case constant(Int), workspace }
  var count: Int
  var isLaned: Bool
  var place: Place = .workspace
  /// In doubles from the start of its memory.
  var offset = 0
  /// The instructions that write it first and read it last; inputs from the start, outputs to the end.
  var born = Int.max
  var dies = -1
}

/// Elements of a buffer as an array: element (i₀, i₁, …) stands at offset + Σ iₖ·strideₖ elements.
struct View: Hashable, Sendable {
  var buffer: Int
  var offset: Int
  var strides: [Int]

  func isContiguous(_ shape: [Int]) -> Bool {
    var expected = 1
    for axis in shape.indices.reversed() where shape[axis] != 1 {
      if strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }
}

/// Where one operand of a fused loop runs.
struct Stream: Hashable, Sendable {
  var view: View
  /// Distance in elements along each loop axis, outermost first.
  var strides: [Int] = []
  var isLaned: Bool
  /// Constant indices: Int64 bit patterns in the constant pool.
  var isIndex = false
}

/// The end of a reduction in a fused loop.
struct LoopReduction: Sendable {
  var reducer: Reducer
  var stream: Int
  /// Place of the partial results; nil when the inner axis is kept and the tile is accumulated into memory.
  var accumulator: Int?
  var buffer: Int
}

/// A fused elementwise loop with the reductions of its values.
struct LoopProgram: Sendable {
  /// 1, or the plan's lanes.
  var lanes: Int
  /// Lengths of the outer axes, and of the inner one.
  var outer: [Int]
  var inner: Int
  var streams: [Stream]
  var rowOperations: [MicroOperation]
  var operations: [MicroOperation]
  var reductions: [LoopReduction]
  /// Pointer table: streams, then registers, then accumulators (of `lanes` vectors each).
  var registers: Int
  var accumulators: Int
  /// Whether each row is one tile, however long: its elements are gathered by their place in the row.
  var isBlocked = false
  /// Whether results are added to those of the loop before.
  var continues = false

  var stepCount: Int { operations.count + rowOperations.count }
}

enum Instruction: Sendable {
  case loop(LoopProgram)
  /// Small loops, all their steps in one line.
  case line([LoopProgram])
  case heavy(any HeavyInstruction)
}

/// An operation with a kernel of its own. Operands are contiguous buffers.
protocol HeavyInstruction: Sendable {
  func run(_ executor: Executor, _ own: AnyObject?)
  /// Memory or a sub-plan of its own, made once for each executor and handed to `run`.
  func prepare(_ executor: Executor) throws -> AnyObject?
}

extension HeavyInstruction {
  func prepare(_ executor: Executor) throws -> AnyObject? { nil }
}

/// What a plan reads and writes.
package struct PlanSlot: Sendable {
  package let shape: [Int]
  package let isLaned: Bool
  var view: View
  package var count: Int { shape.reduce(1, *) }
}

/// A mistake found while a graph was finished: one sentence each.
package struct GraphError: Error, CustomStringConvertible, Sendable {
  package let sentences: [String]
  package init(_ sentences: [String]) { self.sentences = sentences }
  package var description: String { sentences.joined(separator: "\n") }
}

/// A graph laid out for replay: a flat list of instructions over one workspace, for a fixed number of lanes.
package final class Plan: Sendable {
  /// 1, 2, 4 or 8.
  package let lanes: Int
  package let graph: Graph
  package let inputs: [PlanSlot]
  package let outputs: [PlanSlot]
  let instructions: [Instruction]
  let buffers: [Buffer]
  let constants: ConstantPool
  /// In doubles.
  let workspaceSize: Int

  /// - Parameters:
  ///   - outputs: the nodes to compute.
  ///   - inputs: the nodes to be given from outside, each an `input`. An output may not depend on any other input.
  ///   - lanes: the number of parallel evaluations.
  ///   - laned: for each input, whether every lane has its own value. Decides the order of summation too, so it is the same whatever
  ///     `lanes` is.
  ///   - lanedDraws: whether every lane has its own random draws.
  package convenience init(outputs: [Node], inputs: [Node], lanes: Int = 1, laned: [Bool]? = nil, lanedDraws: Bool = true) throws {
    let graph = Graph(outputs: outputs)
    let keys = inputs.map { node -> InputKey in
      guard case .input(let key) = node.operation else { preconditionFailure("a plan's inputs are input nodes") }
      return key
    }
    try self.init(
      graph: graph, inputs: zip(keys, inputs).map { ($0, $1.shape) }, lanes: lanes,
      laned: laned ?? [Bool](repeating: true, count: inputs.count), lanedDraws: lanedDraws, folds: true)
  }

  init(graph: Graph, inputs: [(key: InputKey, shape: [Int])], lanes: Int, laned: [Bool], lanedDraws: Bool, folds: Bool) throws {
    precondition([1, 2, 4, 8].contains(lanes), "a plan has 1, 2, 4 or 8 lanes")
    let sentences = graph.entries.compactMap { entry in
      if case .invalid(let sentence) = entry.operation { sentence } else { nil as String? }
    }
    if !sentences.isEmpty { throw GraphError(sentences) }
    let lanedKeys = Set(zip(inputs, laned).filter { $0.1 }.map { $0.0.key })
    let variesByLane = { (entry: Graph.Entry) -> Bool in
      switch entry.operation {
      case .input(let key): lanedKeys.contains(key)
      case .draw: lanedDraws
      default: false
      }
    }
    var finished = graph.splittingScans.withoutStops
    if folds { finished = try finished.foldingConstants() }
    finished = finished.expandingContractions(variesByLane: variesByLane)
    if folds { finished = try finished.foldingConstants() }
    var layout = Layout(graph: finished, inputs: inputs, lanes: lanes, variesByLane: variesByLane)
    try layout.build()
    self.lanes = lanes
    self.graph = finished
    self.inputs = layout.inputSlots
    self.outputs = layout.outputSlots
    instructions = layout.instructions
    workspaceSize = layout.planMemory()
    buffers = layout.buffers
    constants = ConstantPool(layout.constantData)
  }

  /// The values of entries that depend on no input.
  static func values(of graph: Graph, at places: [Int]) throws -> [[Double]] {
    let plan = try Plan(graph: graph.returning(places), inputs: [], lanes: 1, laned: [], lanedDraws: false, folds: false)
    let executor = try Executor(plan)
    executor.run()
    return places.indices.map { executor.output($0) }
  }

  /// The values of nodes that depend on no input, row-major.
  package static func values(of nodes: [Node]) throws -> [[Double]] {
    let plan = try Plan(
      graph: Graph(outputs: nodes), inputs: [], lanes: 1, laned: [], lanedDraws: false, folds: false)
    let executor = try Executor(plan)
    executor.run()
    if let error = executor.firstError { throw error }
    return nodes.indices.map { executor.output($0) }
  }
}

/// Data shared by all executors of a plan. Memory is kept by address so that it may be read from any thread; nobody writes to it.
final class ConstantPool: Sendable {
  private let address: UInt

  init(_ arrays: [[UInt64]]) {
    let total = arrays.reduce(0) { $0 + ConstantPool.padded($1.count) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 8 * Swift.max(total, 8), alignment: 64).bindMemory(
      to: UInt64.self, capacity: Swift.max(total, 8))
    memory.initialize(repeating: 0, count: Swift.max(total, 8))
    var offset = 0
    for array in arrays {
      array.withUnsafeBufferPointer { if let base = $0.baseAddress { (memory + offset).update(from: base, count: array.count) } }
      offset += ConstantPool.padded(array.count)
    }
    address = UInt(bitPattern: memory)
  }

  /// Room for whole vectors, and one more, so that kernels may read past the end.
  static func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 + 8 }

  var base: UnsafeMutablePointer<Double> { UnsafeMutablePointer(bitPattern: address)! }

  deinit { UnsafeMutablePointer<UInt64>(bitPattern: address)!.deallocate() }
}

extension Plan {
  /// Instructions of one replay: fused loops count once each.
  package var instructionCount: Int { instructions.count }

  /// The memory of one executor, in bytes.
  package var workspaceBytes: Int { 8 * workspaceSize }

  /// How many fused loops, steps in them, and other instructions a replay executes.
  package var instructionSummary: String {
    var loops = 0
    var steps = 0
    var heavy = 0
    for instruction in instructions {
      switch instruction {
      case .loop(let loop):
        loops += 1
        steps += loop.stepCount
      case .line(let parts):
        loops += 1
        steps += parts.reduce(0) { $0 + $1.stepCount }
      case .heavy: heavy += 1
      }
    }
    return "\(loops) loops of \(steps) steps, \(heavy) others"
  }
}
