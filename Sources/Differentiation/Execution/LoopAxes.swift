/// Loops over few elements: one axis instead of several, and one line of steps instead of several loops.
extension LoopBuilder {
  /// Neighbouring axes that every stream walks evenly become one.
  mutating func mergeAxes() {
    var axes = shape.indices.filter { shape[$0] != 1 }.map { axis in (shape[axis], streams.map { $0.strides[axis] }) }
    var index = axes.count - 2
    while index >= 0 {
      let (length, strides) = axes[index]
      let (next, nextStrides) = axes[index + 1]
      if zip(strides, nextStrides).allSatisfy({ $0 == $1 * next }) {
        axes[index + 1] = (length * next, nextStrides)
        axes.remove(at: index)
      }
      index -= 1
    }
    axisLengths = axes.map(\.0)
    merged = streams.indices.map { stream in axes.map { $0.1[stream] } }
    if axes.isEmpty {
      axisLengths = [1]
      merged = streams.map { _ in [0] }
    }
  }

  /// Up to this many elements a loop of several axes becomes a loop of one, whatever the number of lanes is: what it reads in another order
  /// is gathered, and what it sums along some axes is gathered term by term.
  static let smallCount = 32

  mutating func flattenSmall() {
    let total = axisLengths.reduce(1, *)
    let gathers = steps.contains { $0.operation.code == .gather || $0.operation.code == .gatherDynamic }
    guard axisLengths.count > 1, total <= LoopBuilder.smallCount, !gathers else { return }
    for stream in streams.indices {
      let strides = merged[stream]
      var offsets = [0]
      for (length, stride) in zip(axisLengths, strides) { offsets = offsets.flatMap { start in (0..<length).map { start + $0 * stride } } }
      let step = offsets[1] - offsets[0]
      merged[stream] = [step]
      if offsets != (0..<total).map({ $0 * step }) {
        irregular[stream] = offsets
        merged[stream] = [1]
      }
    }
    axisLengths = [total]
  }

  /// The constant indices as a stream; padded with zeros to whole vectors by the pool.
  mutating func indexStream(_ offsets: [Int]) -> Operand {
    let buffer = layout.constantBuffer(offsets.map { UInt64(bitPattern: Int64($0)) })
    streams.append(Stream(view: View(buffer: buffer, offset: 0, strides: [1]), strides: [1], isLaned: false, isIndex: true))
    merged.append([1])
    return .stream(streams.count - 1, walks: true)
  }

  /// A reduction that leaves several results becomes one step: for every result the places of its terms, in rising order.
  mutating func addTerms(_ step: Int, _ reduction: Int, _ offsets: [Int]) {
    var places: [Int: [Int]] = [:]
    for (element, offset) in offsets.enumerated() { places[offset, default: []].append(element) }
    let results = places.count
    let terms = offsets.count / results
    var table = [Int](repeating: 0, count: (results + 7) / 8 * terms * 8)
    for r in 0..<results { for m in 0..<terms { table[(r / 8 * terms + m) * 8 + r % 8] = places[r]![m] } }
    let sub: UInt8 =
      switch reductions[reduction].reducer {
      case .sum: 0
      case .maximum: 1
      case .minimum: 2
      }
    let input = steps[step].inputs[0]
    steps[step].operation = MicroOperation(code: .terms, sub: sub, extra: Int32(terms), step: Int32(results))
    steps[step].inputs = [input, indexStream(table)]
  }
}

extension LoopProgram {
  /// Whether its steps can stand in a line with those of others: one row of few elements.
  var isSmall: Bool { outer.isEmpty && inner <= LoopBuilder.smallCount }
}

extension Layout {
  /// Adds a loop; small ones that follow one another become one line of steps.
  mutating func append(_ loop: LoopProgram, reads: [Int], writes: [Int]) {
    guard loop.isSmall else { return append(.loop(loop), reads: reads, writes: writes) }
    if case .line(let parts) = instructions.last {
      replaceLast(.line(parts + [loop]), reads: reads, writes: writes)
    } else {
      append(.line([loop]), reads: reads, writes: writes)
    }
  }
}
