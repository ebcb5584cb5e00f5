import Kernels

/// Chooses the instruction for entries that have a kernel of their own.
extension Layout {
  mutating func emitHeavy(_ place: Int) throws {
    let entry = graph.entries[place]
    let x = entry.inputs
    let shapes = x.map { graph.entries[$0].shape }
    let out = views[place].map { $0.buffer }
    func slot(_ view: View, _ count: Int, _ isLaned: Bool) -> Slot {
      Slot(buffer: view.buffer, offset: view.offset, count: count, isLaned: isLaned, isRepeated: buffers[view.buffer].count == 1)
    }
    func target(_ buffer: Int) -> Slot {
      Slot(
        buffer: buffer, offset: 0, count: buffers[buffer].count, isLaned: buffers[buffer].isLaned, isRepeated: buffers[buffer].count == 1)
    }
    if case .contract(let spec) = entry.operation { return try emitContraction(place, spec) }
    if case .reshape = entry.operation { return emitCopy(from: views[x[0]]!, shape: shapes[0], laned: laned[place], to: out!) }
    let sources = try x.map { try contiguous($0) }
    let slots = zip(zip(sources, x), shapes).map { slot($0.0, $1.reduce(1, *), laned[$0.1]) }
    var writes = out.map { [$0] } ?? []
    let instruction: any HeavyInstruction
    switch entry.operation {
    case .concatenate(let axis):
      instruction = Concatenate(
        parts: slots, inner: shapes.map { $0[axis...].reduce(1, *) }, outer: entry.shape[..<axis].reduce(1, *), out: target(out!))
    case .pad(let starts):
      instruction = Pad(
        source: slots[0], shape: shapes[0], starts: starts, strides: Layout.contiguousStrides(entry.shape), out: target(out!))
    case .gather(let axis):
      instruction = GatherRows(
        table: slots[0], indices: slots[1], outer: shapes[0][..<axis].reduce(1, *), size: shapes[0][axis],
        inner: shapes[0][(axis + 1)...].reduce(1, *), out: target(out!))
    case .scatterAdd(let axis):
      let rank = shapes[1].count
      let constant: [Double]? = if case .constant(let array) = graph.entries[x[1]].operation { array.values } else { nil }
      instruction = ScatterAdd(
        updates: slots[0], indices: slots[1], constant: constant, outer: shapes[0][..<axis].reduce(1, *), size: entry.shape[axis],
        inner: shapes[0][(axis + rank)...].reduce(1, *), out: target(out!))
    case .cumulativeSum(let axis, let reversed):
      instruction = CumulativeSum(
        source: slots[0], outer: entry.shape[..<axis].reduce(1, *), length: entry.shape[axis],
        inner: entry.shape[(axis + 1)...].reduce(1, *),
        reversed: reversed, out: target(out!))
    case .recurrence(let operation):
      instruction = RecurrenceInstruction(
        operation: operation, inputs: slots, steps: shapes[1][0], states: shapes[1][1], batch: shapes[1].dropFirst(2).reduce(1, *),
        varies: shapes[0][0] == shapes[1][0], out: target(out!))
    case .linearAlgebra(let operation):
      let n = shapes[0][0]
      let batch = shapes[0].dropFirst(2).reduce(1, *)
      switch operation {
      case .diagonal, .embedDiagonal:
        instruction = Diagonal(
          source: slots[0], n: n, batch: operation == .diagonal ? batch : shapes[0].dropFirst().reduce(1, *),
          embeds: operation == .embedDiagonal,
          out: target(out!))
      default:
        let k = x.count > 1 ? shapes[1][1] : n
        instruction = MatrixFactor(operation: operation, inputs: slots, n: n, k: k, batch: batch, out: target(out!))
      }
    case .draw(let draw): instruction = DrawInstruction(draw: draw, parameters: slots, out: target(out!))
    case .scan(let body):
      let wanted = wantedParts(of: place)
      writes = tupleBuffers[place]!.enumerated().filter { wanted.contains($0.offset) }.map(\.element)
      // The steps are laid out for as many lanes as the outside has, or one if nothing varies.
      let plan = try body.plan(inputs: x.map { laned[$0] }, isLaned: laned[place], lanes: laned[place] ? lanes : 1, wanted: wanted)
      instruction = ScanInstruction(
        body: body, plan: plan, inputs: slots, outputs: tupleBuffers[place]!.map(target), wanted: wanted, lanes: laned[place] ? lanes : 1)
    case .custom(let reference):
      writes = tupleBuffers[place]!
      instruction = CustomInstruction(
        reference: reference, inputs: slots, outputs: tupleBuffers[place]!.map(target), lanes: laned[place] ? lanes : 1)
    default:
      throw GraphError(["the executor has no instruction for \(entry.operation.name)."])
    }
    append(.heavy(instruction), reads: sources.map(\.buffer), writes: writes)
  }

  private func wantedParts(of place: Int) -> Set<Int> {
    var wanted = Set<Int>()
    for entry in graph.entries where entry.inputs.first == place {
      if case .project(let index) = entry.operation { wanted.insert(index) }
    }
    return wanted
  }

  /// A matrix product: rows × inner times inner × columns, the operand that varies by lane on the right, where its lanes are columns.
  private mutating func emitContraction(_ place: Int, _ spec: Contraction) throws {
    let entry = graph.entries[place]
    var (left, right) = (entry.inputs[0], entry.inputs[1])
    var (leftLabels, rightLabels) = (spec.a, spec.b)
    // One lane is no axis: operands and product stay as they are stored. Products with a vector keep the kernel that more lanes have, for
    // equal bits.
    func kept(_ operand: Int, _ labels: [Int]) -> Int {
      zip(labels, graph.entries[operand].shape).reduce(1) { spec.out.contains($1.0) ? $0 * $1.1 : $0 }
    }
    let keepsOrder = lanes == 1 && kept(left, leftLabels) > 1 && kept(right, rightLabels) > 1
    if keepsOrder ? !leftLabels.contains(spec.out[0]) : laned[left] && !laned[right] {
      swap(&left, &right)
      swap(&leftLabels, &rightLabels)
    }
    let inner = spec.contracted
    let rows = spec.out.filter(leftLabels.contains)
    let columns = spec.out.filter(rightLabels.contains)
    var length: [Int: Int] = [:]
    for (label, n) in zip(leftLabels + rightLabels, graph.entries[left].shape + graph.entries[right].shape) { length[label] = n }
    func size(_ labels: [Int]) -> Int { labels.reduce(1) { $0 * length[$1]! } }
    // Each operand as stored, if its axes are already two groups in order, else copied into that order.
    func matrix(_ operand: Int, _ labels: [Int], _ first: [Int], _ second: [Int], mayTranspose: Bool) throws -> (View, transposed: Bool) {
      let view = try contiguous(operand)
      if labels == first + second { return (view, false) }
      if labels == second + first, mayTranspose { return (view, true) }
      let order = (first + second).map { labels.firstIndex(of: $0)! }
      let shape = order.map { graph.entries[operand].shape[$0] }
      let source = views[operand]!
      let buffer = newBuffer(count: shape.reduce(1, *), laned: laned[operand])
      emitCopy(
        from: View(buffer: source.buffer, offset: source.offset, strides: order.map { source.strides[$0] }), shape: shape,
        laned: laned[operand],
        to: buffer)
      return (wholeView(buffer, shape), false)
    }
    let both = laned[left] && laned[right]
    let a = try matrix(left, leftLabels, rows, inner, mayTranspose: true)
    // With lanes as columns the right operand's own order is kept, inner axes first.
    let b = try matrix(right, rightLabels, inner, columns, mayTranspose: both || !laned[right] || columns.isEmpty || keepsOrder)
    let out = views[place]!.buffer
    let isLaned = laned[place]
    let direct = spec.out == rows + columns
    let produced = direct ? out : newBuffer(count: entry.count, laned: isLaned)
    let instruction = MatrixProduct(
      a: Slot(
        buffer: a.0.buffer, offset: a.0.offset, count: size(rows) * size(inner), isLaned: laned[left],
        isRepeated: buffers[a.0.buffer].count == 1),
      aTransposed: a.transposed,
      b: Slot(
        buffer: b.0.buffer, offset: b.0.offset, count: size(inner) * size(columns), isLaned: laned[right],
        isRepeated: buffers[b.0.buffer].count == 1),
      bTransposed: b.transposed, m: size(rows), n: size(columns), k: size(inner), lanes: isLaned ? lanes : 1,
      out: Slot(buffer: produced, offset: 0, count: entry.count, isLaned: isLaned, isRepeated: entry.count == 1))
    append(.heavy(instruction), reads: [a.0.buffer, b.0.buffer], writes: [produced])
    if !direct {
      let shape = (rows + columns).map { length[$0]! }
      let stored = wholeView(produced, shape)
      let order = spec.out.map { (rows + columns).firstIndex(of: $0)! }
      emitCopy(
        from: View(buffer: produced, offset: 0, strides: order.map { stored.strides[$0] }), shape: entry.shape, laned: isLaned, to: out)
    }
  }
}

/// A contiguous operand of a heavy instruction.
struct Slot: Sendable {
  var buffer: Int
  var offset: Int
  var count: Int
  var isLaned: Bool
  /// Whether the buffer is one element repeated through a vector.
  var isRepeated: Bool

  @inline(always)
  func pointer(_ e: Executor) -> UnsafeMutablePointer<Double> { e.address[buffer] + offset * (isLaned ? e.plan.lanes : 1) }

  func width(_ e: Executor) -> Int { isLaned ? e.plan.lanes : 1 }

  /// Repeats a single number (or its lanes) through the vector that holds it.
  func spread(_ e: Executor) {
    guard isRepeated else { return }
    let p = e.address[buffer]
    let w = width(e)
    for i in 0..<8 { p[i] = p[i & (w - 1)] }
  }
}
