extension Tensor {
  /// A recorded mistake: NaN in every element, and a sentence for the report. It keeps the tensors it came from, so that their own
  /// mistakes are reported too.
  package static func mistake(_ sentence: String, shape: [Int], from sources: [Tensor] = []) -> Tensor {
    let plates = PlateAxis.withoutExcess(PlateAxis.union(sources.map(\.plates)))
    return Tensor(Node(.invalid(sentence), sources.map(\.node), shape: shape + plates.map(\.size)), plates: plates)
  }

  /// The shape that all of these stretch to: axes are compared from the last, and must be equal or 1. Nil where they do not fit.
  package static func commonShape(_ shapes: [[Int]]) -> [Int]? {
    var common: [Int] = []
    for shape in shapes {
      if shape == common { continue }
      let rank = Swift.max(shape.count, common.count)
      var next = [Int](repeating: 1, count: rank)
      for back in 1...Swift.max(rank, 1) where back <= rank {
        let a = back <= common.count ? common[common.count - back] : 1
        let b = back <= shape.count ? shape[shape.count - back] : 1
        guard a == b || a == 1 || b == 1 else { return nil }
        next[rank - back] = a == 1 ? b : a
      }
      common = next
    }
    return common
  }

  /// The node with the visible axes stretched to `visible` and the axes of `plates` present. The caller has checked that they fit.
  package func expanded(to visible: [Int], plates target: [PlateAxis]) -> Node {
    let full = visible + target.map(\.size)
    if node.shape == full && plates == target { return node }
    let own = shape
    let lead = visible.count - own.count
    var axes: [Int] = []
    var kept: [Int] = []
    for (axis, length) in own.enumerated() where length == visible[lead + axis] {
      axes.append(lead + axis)
      kept.append(length)
    }
    for plate in plates {
      guard let place = target.firstIndex(of: plate) else { preconditionFailure("an axis of a plate cannot be dropped") }
      axes.append(visible.count + place)
      kept.append(plate.size)
    }
    return node.reshaped(to: kept).broadcast(to: full, axes: axes)
  }

  /// Applies an elementwise primitive: plates align by identity, visible axes stretch.
  static func elementwise(_ name: String, _ operands: [Tensor], _ build: ([Node]) -> Node) -> Tensor {
    let plates = PlateAxis.union(operands.map(\.plates))
    guard let visible = commonShape(operands.map(\.shape)) else {
      let longest = operands.map(\.shape).max { $0.count < $1.count } ?? []
      return mistake(
        "\(name) cannot combine shapes \(operands.map(\.shapeDescription).joined(separator: " and ")): axes, compared from the last, must be equal or 1",
        shape: longest, from: operands)
    }
    if let sentence = PlateAxis.excess(plates) { return mistake("\(name) \(sentence)", shape: visible, from: operands) }
    return Tensor(build(operands.map { $0.expanded(to: visible, plates: plates) }), plates: plates)
  }

  static func unary(_ operation: UnaryOperation, _ x: Tensor) -> Tensor { Tensor(.unary(operation, x.node), plates: x.plates) }

  static func binary(_ operation: BinaryOperation, _ name: String, _ a: Tensor, _ b: Tensor) -> Tensor {
    // The builder repeats a number by itself.
    if a.node.shape.isEmpty { return Tensor(.binary(operation, a.node, b.node), plates: b.plates) }
    if b.node.shape.isEmpty { return Tensor(.binary(operation, a.node, b.node), plates: a.plates) }
    if a.plates == b.plates, a.node.shape == b.node.shape { return Tensor(.binary(operation, a.node, b.node), plates: a.plates) }
    return elementwise(name, [a, b]) { .binary(operation, $0[0], $0[1]) }
  }

  /// The axis counted from the front, or nil where there is none; −1 is the last.
  func resolved(axis: Int) -> Int? {
    let place = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(place) ? place : nil
  }

  func noSuchAxis(_ name: String, _ axis: Int) -> Tensor {
    Tensor.mistake("\(name) has no axis \(axis) in shape \(shapeDescription)", shape: shape, from: [self])
  }
}

// MARK: - Plates open and close

extension Tensor {
  /// The first axis becomes the axis of an open plate. The caller has checked its length.
  func entering(_ plate: PlateAxis) -> Tensor {
    let all = PlateAxis.union([plates, [plate]])
    let visible = rank - 1
    let permutation =
      Array(1...Swift.max(visible, 1)).prefix(visible)
      + all.map { axis in
        axis == plate ? 0 : 1 + visible + plates.firstIndex(of: axis)!
      }
    return Tensor(node.transposed(Array(permutation)), plates: all)
  }

  /// The axis of a plate that closes becomes the first visible axis. A tensor that does not vary over the plate is repeated.
  package func leaving(_ plate: PlateAxis) -> Tensor {
    closedHidden(plate) ?? withFirst(plate)
  }

  /// The axis of a plate as the first visible axis, whatever hidden axes there are.
  package func withFirst(_ plate: PlateAxis) -> Tensor {
    let rest = plates.filter { $0 != plate }
    guard let place = plates.firstIndex(of: plate) else {
      return Tensor(
        node.broadcast(to: [plate.size] + node.shape, axes: Array(1..<(node.shape.count + 1))), plates: rest)
    }
    let from = rank + place
    let permutation = [from] + node.shape.indices.filter { $0 != from }
    return Tensor(node.transposed(permutation), plates: rest)
  }
}
