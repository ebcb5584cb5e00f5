/// Writes one fused loop: which operands stream from memory, which values stay in registers, and the steps for one tile.
struct LoopBuilder {
  var layout: Layout
  let shape: [Int]
  let isLaned: Bool
  let lanes: Int
  var reads: [Int] = []
  var writes: [Int] = []

  var streams: [Stream] = []
  private var streamPlace: [Stream: Int] = [:]
  var steps: [Step] = []
  var reductions: [LoopReduction] = []
  private var valueOf: [Int: Operand] = [:]

  /// An operand before places in the pointer table are known.
  enum Operand: Hashable {
    case stream(Int, walks: Bool)
    case value(Int)
  }

  /// One step that makes a value (a register or memory) or a reduction.
  struct Step {
    var operation: MicroOperation
    var inputs: [Operand]
    /// The value made; nil for reductions and copies.
    var value: Int?
    /// Memory that the value is written to.
    var store: Int?
    var reduction: Int?
    var perRow = false
  }
  private var valueCount = 0
  /// Lengths of the loop's axes after merging, and each stream's strides over them.
  var axisLengths: [Int] = []
  var merged: [[Int]] = []
  /// Streams of a loop made flat whose elements stand at uneven places: their offsets in elements.
  var irregular: [Int: [Int]] = [:]
  /// Whether the inner axis is a block of rows, which is not cut into tiles.
  var isBlocked = false
  /// Whether the loop goes on with the results of the loop before.
  var continues = false
  /// Streams of data laid out anew, and where.
  var spread: [Int: Int] = [:]

  init(layout: Layout, shape: [Int], isLaned: Bool) {
    self.layout = layout
    self.shape = shape
    self.isLaned = isLaned
    lanes = isLaned ? layout.lanes : 1
  }

  var isScalar: Bool { shape.allSatisfy { $0 == 1 } }

  // MARK: - Operands

  private mutating func stream(_ view: View, laned: Bool, isIndex: Bool = false) -> Int {
    let key = Stream(view: view, strides: shape.indices.map { shape[$0] == 1 ? 0 : view.strides[$0] }, isLaned: laned, isIndex: isIndex)
    if let known = streamPlace[key] { return known }
    streams.append(key)
    streamPlace[key] = streams.count - 1
    return streams.count - 1
  }

  /// The value of `view` over the loop, loaded once; `laned` is the memory's.
  private mutating func load(_ view: View) -> Operand {
    reads.append(view.buffer)
    let bufferIsLaned = layout.buffers[view.buffer].isLaned
    let place = stream(view, laned: bufferIsLaned && lanes > 1)
    return .stream(place, walks: true)
  }

  private mutating func operand(_ place: Int) -> Operand {
    if let known = valueOf[place] { return known }
    return load(layout.views[place]!)
  }

  private mutating func newValue() -> Int {
    valueCount += 1
    return valueCount - 1
  }

  // MARK: - Building

  mutating func copy(_ view: View, to target: View) {
    let from = load(view)
    let store = stream(target, laned: isLaned && lanes > 1)
    let value = newValue()
    steps.append(Step(operation: MicroOperation(code: .copy), inputs: [from], value: value, store: store))
  }

  mutating func build(_ places: [Int]) {
    let graph = layout.graph
    let inside = Set(places)
    var uses: [Int: Int] = [:]
    var leaves = Set<Int>()
    for place in places {
      if layout.isOutput[place] { leaves.insert(place) }
      for user in layout.users[place] {
        // Whoever is in another loop, or reads a view of the value, reads its memory.
        if inside.contains(user), layout.kinds[place] == .loop, layout.kinds[user] != .view, layout.readsInRegister(user, 0) {
          uses[place, default: 0] += 1
        } else {
          leaves.insert(place)
        }
      }
    }
    // Products that only one sum reads become part of it.
    var absorbed = Set<Int>()
    for place in places {
      guard case .binary(let operation) = graph.entries[place].operation, operation == .add || operation == .subtract else { continue }
      let x = graph.entries[place].inputs
      let candidates = operation == .add ? [0, 1] : [1, 0]
      for index in candidates where x[0] != x[1] {
        let product = x[index]
        if inside.contains(product), layout.kinds[product] == .loop, case .binary(.multiply) = graph.entries[product].operation,
          uses[product] == 1, !leaves.contains(product)
        {
          absorbed.insert(product)
          break
        }
      }
    }
    for place in places where !absorbed.contains(place) {
      let entry = graph.entries[place]
      if layout.kinds[place] == .reduce {
        reduce(place, entry)
        continue
      }
      var step = Step(operation: MicroOperation(code: .copy), inputs: [], value: newValue())
      switch entry.operation {
      case .unary(let operation):
        step.operation = MicroOperation(code: .unary, sub: operation.rawValue)
        step.inputs = [operand(entry.inputs[0])]
      case .binary(let operation):
        if let index = (0..<2).last(where: { absorbed.contains(entry.inputs[$0]) }) {
          let product = graph.entries[entry.inputs[index]].inputs
          step.operation = MicroOperation(
            code: operation == .add ? .multiplyAdd : index == 1 ? .negatedMultiplyAdd : .multiplySubtract)
          step.inputs = [operand(product[0]), operand(product[1]), operand(entry.inputs[1 - index])]
        } else {
          step.operation = MicroOperation(code: .binary, sub: operation.rawValue)
          step.inputs = entry.inputs.map { operand($0) }
        }
      case .ternary(let operation):
        step.operation = MicroOperation(code: .ternary, sub: operation.rawValue)
        step.inputs = entry.inputs.map { operand($0) }
      case .gather: gather(place, entry, &step)
      default: break
      }
      if leaves.contains(place) {
        step.store = stream(layout.views[place]!, laned: isLaned && lanes > 1)
        writes.append(layout.views[place]!.buffer)
      }
      steps.append(step)
      valueOf[place] = .value(step.value!)
    }
  }

  private mutating func gather(_ place: Int, _ entry: Graph.Entry, _ step: inout Step) {
    let table = entry.inputs[0]
    let indices = entry.inputs[1]
    let tableShape = layout.graph.entries[table].shape
    let axis = tableShape.count - 1
    let view = layout.views[table]!
    reads.append(view.buffer)
    // The table stays where it is along the gathered axes and moves with the leading ones.
    let gathered = shape.count - axis
    let base = View(buffer: view.buffer, offset: view.offset, strides: Array(view.strides[..<axis]) + [Int](repeating: 0, count: gathered))
    let tableStream = stream(base, laned: layout.buffers[view.buffer].isLaned && lanes > 1)
    let stride = layout.buffers[view.buffer].isLaned ? view.strides[axis] * lanes : view.strides[axis]
    let known: [Double]? =
      switch layout.graph.entries[indices].operation {
      case .constant(let array): array.values
      case .fill(let bits): [Double](repeating: Double(bitPattern: bits), count: layout.graph.entries[indices].shape.reduce(1, *))
      default: nil
      }
    if let known, known.allSatisfy({ $0 >= 0 && $0 < Double(tableShape[axis]) && $0 == $0.rounded() }) {
      let bits = known.map { UInt64(bitPattern: Int64($0) * Int64(stride)) }
      let buffer = layout.constantBuffer(bits.count == 1 ? [UInt64](repeating: bits[0], count: 8) : bits)
      let own = Layout.contiguousStrides(layout.graph.entries[indices].shape)
      let index = stream(View(buffer: buffer, offset: 0, strides: [Int](repeating: 0, count: axis) + own), laned: false, isIndex: true)
      step.operation = MicroOperation(code: .gather)
      step.inputs = [.stream(tableStream, walks: false), .stream(index, walks: true)]
    } else {
      let source = layout.views[indices]!
      reads.append(source.buffer)
      let index = stream(
        View(buffer: source.buffer, offset: source.offset, strides: [Int](repeating: 0, count: axis) + source.strides),
        laned: layout.buffers[source.buffer].isLaned && lanes > 1)
      step.operation = MicroOperation(
        code: .gatherDynamic, extra: Int32(clamping: tableShape[axis]), step: Int32(clamping: view.strides[axis]))
      // Whether table and index vary by lane.
      step.operation.sub = (layout.buffers[view.buffer].isLaned ? 1 : 0) | (layout.buffers[source.buffer].isLaned ? 2 : 0)
      step.inputs = [.stream(tableStream, walks: false), .stream(index, walks: true)]
    }
  }

  private mutating func reduce(_ place: Int, _ entry: Graph.Entry) {
    guard case .reduce(let reducer, let axes) = entry.operation else { return }
    let target = layout.views[place]!
    var strides = shape.map { _ in 0 }
    var next = 0
    for axis in shape.indices where !axes.contains(axis) {
      strides[axis] = target.strides[next]
      next += 1
    }
    let out = stream(View(buffer: target.buffer, offset: 0, strides: strides), laned: isLaned && lanes > 1)
    writes.append(target.buffer)
    reductions.append(LoopReduction(reducer: reducer, stream: out, accumulator: nil, buffer: target.buffer))
    steps.append(
      Step(
        operation: MicroOperation(code: .reduceSum), inputs: [operand(entry.inputs[0])], value: nil, store: nil,
        reduction: reductions.count - 1))
  }

  // MARK: - Finishing

  /// The loop; two where blocks leave something over.
  mutating func finish() -> [LoopProgram] {
    mergeAxes()
    return finishMerged()
  }

  private mutating func finishMerged() -> [LoopProgram] {
    guard var rest = flattenSmall() else { return [assemble()] }
    let program = assemble()
    rest.layout = layout
    let further = rest.finishMerged()
    layout = rest.layout
    return [program] + further
  }

  private mutating func assemble() -> LoopProgram {
    let inner = axisLengths.last ?? 1
    let outer = Array(axisLengths.dropLast())
    var program = LoopProgram(
      lanes: lanes, outer: outer, inner: inner, streams: streams, rowOperations: [], operations: [], reductions: [], registers: 0,
      accumulators: 0, isBlocked: isBlocked, continues: continues)
    let exact = !outer.isEmpty && outer.contains { $0 > 1 } && inner * lanes % 8 != 0

    // Loads that are not plain vectors in memory become values of their own.
    var loaded: [Operand: Int] = [:]
    var prologue: [Step] = []
    func prepared(_ input: Operand) -> Operand {
      guard case .stream(let index, true) = input else { return input }
      if let data = spreadData(index) { return data }
      let stream = streams[index]
      let step = merged[index].last ?? 0
      let buffer = layout.buffers[stream.view.buffer]
      if step == 0 || isScalar {
        // One element: memory that holds it repeated is read as it is.
        let isRepeated = buffer.count == 1
        if isRepeated || (stream.isLaned && lanes == 8) { return .stream(index, walks: false) }
        if let known = loaded[input] { return .value(known) }
        let value = newValue()
        loaded[input] = value
        prologue.append(
          Step(
            operation: MicroOperation(code: .splat, extra: stream.isLaned ? Int32(lanes) : 1), inputs: [.stream(index, walks: false)],
            value: value, perRow: true))
        return .value(value)
      }
      if step == 1 && irregular[index] == nil && (stream.isLaned || lanes == 1) { return input }
      if let known = loaded[input] { return .value(known) }
      let value = newValue()
      loaded[input] = value
      if let offsets = irregular[index] {
        let width = stream.isLaned ? lanes : 1
        prologue.append(
          Step(
            operation: MicroOperation(code: .gather, sub: width == lanes ? 0 : 1),
            inputs: [.stream(index, walks: false), indexStream(offsets.map { $0 * width })], value: value))
        return .value(value)
      }
      let code: MicroCode = step == 1 ? .expand : .strided
      prologue.append(
        Step(
          operation: MicroOperation(code: code, sub: stream.isLaned ? 1 : 0, extra: Int32(clamping: step)),
          inputs: [.stream(index, walks: true)],
          value: value))
      return .value(value)
    }
    for index in steps.indices {
      let code = steps[index].operation.code
      if code == .gather { continue }
      if code == .gatherDynamic {
        // The table stays where it is; indices that do not stand one after the other are read like any other operand.
        guard case .stream(let place, true) = steps[index].inputs[1], (merged[place].last ?? 0) != 1 || irregular[place] != nil else {
          continue
        }
        let indices = prepared(steps[index].inputs[1])
        if indices != .stream(place, walks: false) { steps[index].operation.sub |= 2 }
        steps[index].inputs[1] = indices
        continue
      }
      steps[index].inputs = steps[index].inputs.map(prepared)
      if let reduction = steps[index].reduction, let offsets = irregular[reductions[reduction].stream] {
        addTerms(index, reduction, offsets)
      }
    }
    program.streams = streams
    for index in program.streams.indices { program.streams[index].strides = merged[index] }
    var all = prologue.filter(\.perRow) + prologue.filter { !$0.perRow } + steps
    var oneVector = Set(prologue.filter(\.perRow).map { $0.value! })

    // Values of nothing but repeated operands stay one vector where a loop runs over one element.
    if isScalar { oneVector = Set(0..<valueCount) }

    // Registers, freed after the last reading.
    var lastUse: [Int: Int] = [:]
    for (position, step) in all.enumerated() {
      for case .value(let value) in step.inputs { lastUse[value] = position }
    }
    var register: [Int: UInt16] = [:]
    var free: [UInt16] = []
    let firstRegister = UInt16(streams.count)
    var count: UInt16 = 0
    var accumulators = 0
    for position in all.indices {
      var step = all[position]
      var operands: [(place: UInt16, stride: UInt8)] = []
      for input in step.inputs {
        switch input {
        case .stream(let index, let walks): operands.append((UInt16(index), walks ? 1 : 0))
        case .value(let value): operands.append((register[value]!, oneVector.contains(value) && !isScalar ? 0 : 1))
        }
      }
      for case .value(let value) in step.inputs where lastUse[value] == position && !oneVector.contains(value) || isScalar {
        guard lastUse[value] == position, let used = register[value], used >= firstRegister else { continue }
        if !free.contains(used) { free.append(used) }
      }
      if operands.count > 0 { (step.operation.a, step.operation.sa) = operands[0] }
      if operands.count > 1 { (step.operation.b, step.operation.sb) = operands[1] }
      if operands.count > 2 { (step.operation.c, step.operation.sc) = operands[2] }
      if step.operation.code == .terms {
        step.operation.dst = UInt16(reductions[step.reduction!].stream)
        all[position] = step
        continue
      }
      if let index = step.reduction {
        finishReduction(index, &step, &accumulators)
        all[position] = step
        continue
      }
      guard let value = step.value else { continue }
      if let store = step.store, !exact, lastUse[value] != nil || step.store != nil, storesWholeVectors(store) {
        // Computed straight into memory, and read from there.
        step.operation.dst = UInt16(store)
        register[value] = UInt16(store)
        all[position] = step
        continue
      }
      if let store = step.store, step.operation.code == .copy {
        step.operation.dst = UInt16(store)
        all[position] = step
        continue
      }
      let place: UInt16
      if let reused = free.popLast() {
        place = reused
      } else {
        place = firstRegister + count
        count += 1
      }
      register[value] = place
      step.operation.dst = place
      all[position] = step
      if lastUse[value] == nil && step.store == nil { free.append(place) }
    }
    program.registers = Int(count)
    let accumulatorBase = firstRegister + count
    for step in all {
      var operation = step.operation
      if let index = step.reduction, let place = reductions[index].accumulator {
        operation.dst = accumulatorBase + UInt16(place)
      }
      if step.perRow { program.rowOperations.append(operation) } else { program.operations.append(operation) }
      if let store = step.store, step.operation.dst != UInt16(store), let value = step.value {
        program.operations.append(MicroOperation(code: .copy, dst: UInt16(store), a: register[value]!))
      }
    }
    program.reductions = reductions
    program.accumulators = accumulators
    return program
  }
}
