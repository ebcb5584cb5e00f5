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
  /// Up to this many elements of the inner axes are taken together, for several indices of the axis before them, as if they were one axis.
  static let smallRow = 16

  /// Makes one axis of small ones. Where the axis before them is taken in blocks, returns the loop over what the last block leaves over.
  mutating func flattenSmall() -> LoopBuilder? {
    let total = axisLengths.reduce(1, *)
    let gathers = steps.contains { $0.operation.code == .gather || $0.operation.code == .gatherDynamic }
    guard axisLengths.count > 1, !gathers else { return nil }
    if total <= LoopBuilder.smallCount, !continues {
      flatten(axisLengths, outer: [], outerStrides: merged.map { _ in [] }, inner: merged)
      return nil
    }
    var axis = axisLengths.count - 1
    var row = axisLengths[axis]
    while axis > 1, row * axisLengths[axis - 1] <= LoopBuilder.smallRow {
      axis -= 1
      row *= axisLengths[axis]
    }
    let block = row <= 4 ? 16 : 8
    let long = axisLengths[axis - 1]
    guard row <= LoopBuilder.smallRow, long >= 2 * block else { return nil }
    let blocks = long / block
    var rest: LoopBuilder?
    if long % block != 0 {
      var tail = self
      tail.continues = true
      tail.axisLengths[axis - 1] = long % block
      for stream in streams.indices { tail.streams[stream].view.offset += blocks * block * merged[stream][axis - 1] }
      rest = tail
    }
    flatten(
      [block] + axisLengths[axis...], outer: axisLengths[..<(axis - 1)] + [blocks],
      outerStrides: merged.map { Array($0[..<(axis - 1)]) + [block * $0[axis - 1]] }, inner: merged.map { Array($0[(axis - 1)...]) })
    isBlocked = true
    return rest
  }

  /// One axis for `lengths`, inside the outer ones.
  private mutating func flatten(_ lengths: [Int], outer: [Int], outerStrides: [[Int]], inner: [[Int]]) {
    let total = lengths.reduce(1, *)
    for stream in streams.indices {
      var offsets = [0]
      for (length, stride) in zip(lengths, inner[stream]) {
        offsets = offsets.flatMap { start in (0..<length).map { start + $0 * stride } }
      }
      var step = offsets[1] - offsets[0]
      if offsets != (0..<total).map({ $0 * step }) {
        irregular[stream] = offsets
        step = 1
      }
      merged[stream] = outerStrides[stream] + [step]
    }
    axisLengths = outer + [total]
  }

  /// The constant indices as a stream; padded with zeros to whole vectors by the pool.
  mutating func indexStream(_ offsets: [Int]) -> Operand {
    let buffer = layout.constantBuffer(offsets.map { UInt64(bitPattern: Int64($0)) })
    streams.append(Stream(view: View(buffer: buffer, offset: 0, strides: [1]), strides: [1], isLaned: false, isIndex: true))
    merged.append([Int](repeating: 0, count: axisLengths.count - 1) + [1])
    return .stream(streams.count - 1, walks: true)
  }

  /// Data that a small loop reads in another order than it stands, or repeats over lanes, is laid out once as it is read.
  mutating func spreadData(_ index: Int) -> Operand? {
    if let known = spread[index] { return .stream(known, walks: true) }
    let stream = streams[index]
    guard axisLengths.count == 1, axisLengths[0] <= LoopBuilder.smallCount, !shape.allSatisfy({ $0 == 1 }), !stream.isLaned,
      case .constant(let place) = layout.buffers[stream.view.buffer].place
    else { return nil }
    let step = merged[index][0]
    if irregular[index] == nil, step == 1 && lanes == 1 || step == 0 { return nil }
    let offsets = irregular[index] ?? (0..<axisLengths[0]).map { $0 * step }
    let data = layout.constantData[place]
    let bits = offsets.flatMap { [UInt64](repeating: data[stream.view.offset + $0], count: lanes) }
    let buffer = layout.constantBuffer(bits)
    streams.append(Stream(view: View(buffer: buffer, offset: 0, strides: [1]), strides: [1], isLaned: lanes > 1))
    merged.append([1])
    spread[index] = streams.count - 1
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
    steps[step].operation = MicroOperation(code: .terms, sub: isBlocked ? sub | 4 : sub, extra: Int32(terms), step: Int32(results))
    steps[step].inputs = [input, indexStream(table)]
  }

  func storesWholeVectors(_ store: Int) -> Bool { (merged[store].last ?? 1) == 1 || isScalar }

  mutating func finishReduction(_ index: Int, _ step: inout Step, _ accumulators: inout Int) {
    let reduction = reductions[index]
    let innerStride = merged[reduction.stream].last ?? 0
    if innerStride == 0 || isScalar {
      step.operation.code =
        switch reduction.reducer {
        case .sum: .reduceSum
        case .maximum: .reduceMaximum
        case .minimum: .reduceMinimum
        }
      reductions[index].accumulator = accumulators
      accumulators += 1
    } else {
      step.operation.code =
        switch reduction.reducer {
        case .sum: .accumulateSum
        case .maximum: .accumulateMaximum
        case .minimum: .accumulateMinimum
        }
      step.operation.dst = UInt16(reduction.stream)
      step.operation.extra = Int32(clamping: innerStride)
    }
  }
}

extension LoopProgram {
  /// Whether its steps can stand in a line with those of others: one row of few elements.
  var isSmall: Bool { outer.isEmpty && inner <= LoopBuilder.smallCount && !continues }
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
