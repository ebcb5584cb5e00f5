/// Turns a graph into instructions: decides what is a view of other memory, what runs in one fused loop, and in which order.
struct Layout {
  enum Kind { case leaf, view, loop, reduce, heavy, tuple }

  let graph: Graph
  let lanes: Int
  let laned: [Bool]
  private let inputKeys: [(key: InputKey, shape: [Int])]
  /// For each input, whether every lane brings its own value, even where the graph does not read it.
  private let inputLaned: [Bool]

  var buffers: [Buffer] = []
  var constantData: [[UInt64]] = []
  private var constantOffset = 0
  var instructions: [Instruction] = []
  var inputSlots: [PlanSlot] = []
  var outputSlots: [PlanSlot] = []

  var kinds: [Kind]
  /// For loops: rises by one whenever a value has to pass through memory.
  var levels: [Int]
  var views: [View?]
  /// The entries that read each entry, once for every reading.
  private(set) var users: [[Int]]
  private(set) var isOutput: [Bool]
  /// Buffers of the outputs of nodes with several.
  var tupleBuffers: [Int: [Int]] = [:]
  /// Views made contiguous by a copy, by entry.
  private var copies: [Int: Int] = [:]

  init(graph: Graph, inputs: [(key: InputKey, shape: [Int])], lanes: Int, variesByLane: (Graph.Entry) -> Bool) {
    self.graph = graph
    self.lanes = lanes
    inputKeys = inputs
    inputLaned = inputs.map { variesByLane(Graph.Entry(operation: .input($0.key), inputs: [], shape: $0.shape)) }
    laned = graph.dependence(on: variesByLane)
    kinds = graph.entries.map { _ in .leaf }
    levels = graph.entries.map { _ in -1 }
    views = graph.entries.map { _ in nil }
    users = graph.entries.map { _ in [] }
    for (place, entry) in graph.entries.enumerated() { for input in entry.inputs { users[input].append(place) } }
    isOutput = graph.entries.map { _ in false }
    for output in graph.outputs { isOutput[output] = true }
  }

  // MARK: - Buffers

  mutating func newBuffer(count: Int, laned: Bool) -> Int {
    buffers.append(Buffer(count: count, isLaned: laned))
    return buffers.count - 1
  }

  mutating func constantBuffer(_ bits: [UInt64]) -> Int {
    let count = bits.count
    var bits = bits
    if count == 1 { bits = [UInt64](repeating: bits[0], count: 8) }
    constantData.append(bits)
    buffers.append(
      Buffer(count: count, isLaned: false, place: .constant(constantData.count - 1), offset: constantOffset))
    constantOffset += ConstantPool.padded(bits.count)
    return buffers.count - 1
  }

  static func contiguousStrides(_ shape: [Int]) -> [Int] {
    var strides = shape
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step *= shape[axis]
    }
    return strides
  }

  func wholeView(_ buffer: Int, _ shape: [Int]) -> View {
    View(buffer: buffer, offset: 0, strides: Layout.contiguousStrides(shape))
  }

  // MARK: - Building

  mutating func build() throws {
    var inputBuffers: [InputKey: Int] = [:]
    for ((key, shape), isLaned) in zip(inputKeys, inputLaned) {
      let buffer = newBuffer(count: shape.reduce(1, *), laned: isLaned)
      buffers[buffer].born = -1
      buffers[buffer].dies = Int.max
      inputBuffers[key] = buffer
      inputSlots.append(PlanSlot(shape: shape, isLaned: buffers[buffer].isLaned, view: wholeView(buffer, shape)))
    }
    for (place, entry) in graph.entries.enumerated() {
      try classify(place, entry, inputBuffers)
    }
    sinkLevels()
    try emit()
    for output in graph.outputs {
      let source = try contiguous(output)
      buffers[source.buffer].dies = Int.max
      outputSlots.append(PlanSlot(shape: graph.entries[output].shape, isLaned: laned[output], view: source))
    }
  }

  /// The level at which a value is in memory.
  func memoryLevel(_ place: Int) -> Int {
    var place = place
    while kinds[place] == .view { place = graph.entries[place].inputs[0] }
    return levels[place]
  }

  private mutating func classify(_ place: Int, _ entry: Graph.Entry, _ inputBuffers: [InputKey: Int]) throws {
    let x = entry.inputs
    func after() -> Int { x.map { memoryLevel($0) }.max().map { $0 + 1 } ?? 0 }
    switch entry.operation {
    case .input(let key):
      guard let buffer = inputBuffers[key] else {
        throw GraphError(["'\(key.name)' is read but is not given: it belongs to another recording."])
      }
      views[place] = wholeView(buffer, entry.shape)
    case .constant(let array):
      views[place] = wholeView(constantBuffer(array.values.map(\.bitPattern)), entry.shape)
    case .fill(let bits):
      views[place] = View(buffer: constantBuffer([bits]), offset: 0, strides: entry.shape.map { _ in 0 })
    case .invalid(let sentence): throw GraphError([sentence])
    case .broadcast(let axes):
      kinds[place] = .view
      if let source = views[x[0]] {
        var strides = entry.shape.map { _ in 0 }
        for (from, to) in axes.enumerated() { strides[to] = source.strides[from] }
        views[place] = View(buffer: source.buffer, offset: source.offset, strides: strides)
      }
    case .transpose(let permutation):
      kinds[place] = .view
      if let s = views[x[0]] { views[place] = View(buffer: s.buffer, offset: s.offset, strides: permutation.map { s.strides[$0] }) }
    case .slice(let starts):
      kinds[place] = .view
      if let s = views[x[0]] {
        views[place] = View(buffer: s.buffer, offset: s.offset + zip(starts, s.strides).reduce(0) { $0 + $1.0 * $1.1 }, strides: s.strides)
      }
    case .reshape:
      if let s = views[x[0]], let strides = Layout.reshaped(s, from: graph.entries[x[0]].shape, to: entry.shape) {
        kinds[place] = .view
        views[place] = View(buffer: s.buffer, offset: s.offset, strides: strides)
      } else {
        // The elements are copied in their new order of axes; runs as a loop over the input's shape.
        kinds[place] = .heavy
        levels[place] = after()
        let buffer = newBuffer(count: entry.count, laned: laned[place])
        views[place] = wholeView(buffer, entry.shape)
      }
    case .project(let index):
      kinds[place] = .view
      let buffer = tupleBuffers[x[0]]![index]
      views[place] = wholeView(buffer, entry.shape)
    case .scan, .custom:
      kinds[place] = .tuple
      levels[place] = after()
      let shapes: [[Int]] =
        switch entry.operation {
        case .scan(let body): body.outputShapes
        case .custom(let reference): reference.outputShapes
        default: []
        }
      tupleBuffers[place] = shapes.map { newBuffer(count: $0.reduce(1, *), laned: laned[place]) }
    case .unary, .binary, .ternary: classifyLoop(place, entry)
    case .gather(let axis) where axis == graph.entries[x[0]].shape.count - 1: classifyLoop(place, entry)
    case .reduce:
      kinds[place] = .reduce
      levels[place] = kinds[x[0]] == .loop ? levels[x[0]] : after()
      views[place] = wholeView(newBuffer(count: entry.count, laned: laned[place]), entry.shape)
    default:
      kinds[place] = .heavy
      levels[place] = after()
      views[place] = wholeView(newBuffer(count: entry.count, laned: laned[place]), entry.shape)
    }
  }

  private mutating func classifyLoop(_ place: Int, _ entry: Graph.Entry) {
    kinds[place] = .loop
    var level = 0
    for (index, input) in entry.inputs.enumerated() {
      if kinds[input] == .loop, sameLoop(place, input), readsInRegister(place, index) {
        level = Swift.max(level, levels[input])
      } else {
        level = Swift.max(level, memoryLevel(input) + 1)
      }
    }
    levels[place] = level
    views[place] = wholeView(newBuffer(count: entry.count, laned: laned[place]), entry.shape)
  }

  /// Whether a value may pass between two entries in a register, level permitting.
  func sameLoop(_ a: Int, _ b: Int) -> Bool { graph.entries[a].shape == graph.entries[b].shape && laned[a] == laned[b] }

  /// Moves values and sums into a later loop of the same shape where nobody needs them before, so that fewer loops run and fewer values pass
  /// through memory.
  private mutating func sinkLevels() {
    struct Kin: Hashable {
      let shape: [Int]
      let laned: Bool
    }
    func kin(_ place: Int) -> Kin { Kin(shape: graph.entries[place].shape, laned: laned[place]) }
    var loopLevels: [Kin: Set<Int>] = [:]
    for place in graph.entries.indices {
      if kinds[place] == .loop { loopLevels[kin(place), default: []].insert(levels[place]) }
    }
    var latest = levels
    for place in graph.entries.indices.reversed() {
      if isOutput[place] || users[place].isEmpty || kinds[place] == .leaf { continue }
      var bound = Int.max
      for user in users[place] {
        switch kinds[user] {
        case .view: bound = Swift.min(bound, latest[user])
        case .loop:
          let inRegister = kinds[place] == .loop && sameLoop(user, place) && readsInRegister(user, 0)
          bound = Swift.min(bound, inRegister ? levels[user] : levels[user] - 1)
        case .reduce: bound = Swift.min(bound, kinds[place] == .loop ? levels[user] : levels[user] - 1)
        default: bound = Swift.min(bound, levels[user] - 1)
        }
      }
      latest[place] = bound
      let shaped: Int
      switch kinds[place] {
      case .loop: shaped = place
      case .reduce: shaped = graph.entries[place].inputs[0]
      default: continue
      }
      if let level = loopLevels[kin(shaped)]?.filter({ $0 <= bound && $0 > levels[place] }).max() { levels[place] = level }
    }
  }

  /// Strides of a reshaped view, if the new shape can be read from the same memory.
  static func reshaped(_ view: View, from: [Int], to: [Int]) -> [Int]? {
    if view.strides.allSatisfy({ $0 == 0 }) { return to.map { _ in 0 } }
    if view.isContiguous(from) { return contiguousStrides(to) }
    // Insertion or removal of axes of length 1 only.
    let old = from.indices.filter { from[$0] != 1 }
    guard old.map({ from[$0] }) == to.filter({ $0 != 1 }) else { return nil }
    var next = old.makeIterator()
    return to.map { $0 == 1 ? 0 : view.strides[next.next()!] }
  }

  // MARK: - Emission

  private struct GroupKey: Hashable {
    let level: Int
    let shape: [Int]
    let laned: Bool
    /// A loop has a limited number of steps: an unrolled program of 10⁵ scalars is many loops.
    var part = 0
  }
  private static let stepLimit = 1024

  private mutating func emit() throws {
    var groups: [GroupKey: [Int]] = [:]
    var sizes: [GroupKey: Int] = [:]
    var order: [(level: Int, first: Int, key: GroupKey?)] = []
    for place in graph.entries.indices {
      switch kinds[place] {
      case .loop, .reduce:
        let shaped = kinds[place] == .loop ? place : graph.entries[place].inputs[0]
        var key = GroupKey(level: levels[place], shape: graph.entries[shaped].shape, laned: laned[shaped])
        key.part = sizes[key, default: 0] / Layout.stepLimit
        sizes[GroupKey(level: key.level, shape: key.shape, laned: key.laned), default: 0] += 1
        if groups[key] == nil { order.append((levels[place], place, key)) }
        groups[key, default: []].append(place)
      case .heavy, .tuple: order.append((levels[place], place, nil))
      case .leaf, .view: break
      }
    }
    order.sort { ($0.level, $0.first) < ($1.level, $1.first) }
    for item in order {
      if let key = item.key {
        try emitLoop(groups[key]!, shape: key.shape, laned: key.laned)
      } else {
        try emitHeavy(item.first)
      }
    }
  }

  mutating func append(_ instruction: Instruction, reads: [Int], writes: [Int]) {
    instructions.append(instruction)
    touch(reads: reads, writes: writes)
  }

  /// Puts a longer instruction in the place of the last one.
  mutating func replaceLast(_ instruction: Instruction, reads: [Int], writes: [Int]) {
    instructions[instructions.count - 1] = instruction
    touch(reads: reads, writes: writes)
  }

  /// What the last instruction reads and writes.
  private mutating func touch(reads: [Int], writes: [Int]) {
    let index = instructions.count - 1
    for buffer in writes {
      buffers[buffer].born = Swift.min(buffers[buffer].born, index)
      buffers[buffer].dies = Swift.max(buffers[buffer].dies, index)
    }
    for buffer in reads { buffers[buffer].dies = Swift.max(buffers[buffer].dies, index) }
  }

  /// A contiguous buffer with the value of `place`, copied first if its view is not one.
  mutating func contiguous(_ place: Int) throws -> View {
    let view = views[place]!
    let shape = graph.entries[place].shape
    if view.isContiguous(shape), !(graph.entries[place].count > 1 && buffers[view.buffer].count == 1) { return view }
    if let copy = copies[place] { return wholeView(copy, shape) }
    let buffer = newBuffer(count: graph.entries[place].count, laned: laned[place])
    emitCopy(from: view, shape: shape, laned: laned[place], to: buffer)
    copies[place] = buffer
    return wholeView(buffer, shape)
  }

  // MARK: - Memory

  /// Gives every workspace buffer its place: a buffer may take the room of one that died before it was born. Returns the size.
  mutating func planMemory() -> Int {
    let sizes = buffers.map { ConstantPool.padded($0.count * ($0.isLaned ? lanes : 1)) }
    var order = buffers.indices.filter { index in
      if case .workspace = buffers[index].place { return true }
      return false
    }
    order.sort { (buffers[$0].born, $0) < (buffers[$1].born, $1) }
    var live: [(offset: Int, size: Int, dies: Int)] = []
    var top = 0
    for index in order {
      let buffer = buffers[index]
      if buffer.born == Int.max { continue }  // never written: not read either
      live.removeAll { $0.dies < buffer.born }
      live.sort { $0.offset < $1.offset }
      var offset = 0
      for other in live {
        if offset + sizes[index] <= other.offset { break }
        offset = Swift.max(offset, other.offset + other.size)
      }
      buffers[index].offset = offset
      live.append((offset, sizes[index], buffer.dies))
      top = Swift.max(top, offset + sizes[index])
    }
    return Swift.max(top, 8)
  }
}
