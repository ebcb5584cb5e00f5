extension Tensor {
  /// The same elements in row-major order under another shape.
  public func reshaped(to shape: [Int]) -> Tensor {
    guard !shape.contains(where: { $0 < 0 }), shape.reduce(1, *) == count else {
      return .mistake(
        "reshaped(to: \(shape)) cannot hold the \(count) elements of shape \(shapeDescription)", shape: self.shape, from: [self])
    }
    return Tensor(node.reshaped(to: shape + plates.map(\.size)), plates: plates)
  }

  /// All elements as a vector.
  public var flattened: Tensor { reshaped(to: [count]) }

  /// The axes in the opposite order: rows and columns of a matrix exchanged.
  public var transposed: Tensor { transposed((0..<rank).reversed()) }

  /// Axis i of the result is axis `permutation[i]`.
  public func transposed(_ permutation: [Int]) -> Tensor {
    guard permutation.sorted() == Array(0..<rank) else {
      return .mistake(
        "transposed(\(permutation)) does not name each axis of shape \(shapeDescription) once", shape: shape, from: [self])
    }
    return Tensor(node.transposed(permutation + Array(rank..<node.shape.count)), plates: plates)
  }

  /// Stretched to a shape: axes are compared from the last, and must be equal or 1.
  public func broadcast(to shape: [Int]) -> Tensor {
    guard !shape.contains(where: { $0 < 0 }), Tensor.commonShape([self.shape, shape]) == shape else {
      return .mistake("broadcast(to: \(shape)) cannot stretch shape \(shapeDescription)", shape: self.shape, from: [self])
    }
    return Tensor(expanded(to: shape, plates: plates), plates: plates)
  }

  /// A new axis of length 1 at place `axis` of the result.
  public func expandingAxis(_ axis: Int) -> Tensor {
    let place = axis < 0 ? axis + rank + 1 : axis
    guard (0...rank).contains(place) else { return noSuchAxis("expandingAxis(\(axis))", axis) }
    var shape = shape
    shape.insert(1, at: place)
    return reshaped(to: shape)
  }
}

/// The parts one after the other along an axis; all other axes have equal lengths.
public func concatenate(_ parts: [Tensor], axis: Int = 0) -> Tensor {
  guard let first = parts.first else { return .mistake("concatenate of no tensors has no shape", shape: [0]) }
  let plates = PlateAxis.union(parts.map(\.plates))
  guard let place = first.resolved(axis: axis) else { return first.noSuchAxis("concatenate(axis:)", axis) }
  func others(_ t: Tensor) -> [Int] { t.shape.enumerated().filter { $0.offset != place }.map(\.element) }
  if let odd = parts.first(where: { $0.rank != first.rank || others($0) != others(first) }) {
    return .mistake(
      "concatenate(axis: \(axis)) cannot join shapes \(first.shapeDescription) and \(odd.shapeDescription)", shape: first.shape, from: parts
    )
  }
  if let sentence = PlateAxis.excess(plates) { return .mistake("concatenate \(sentence)", shape: first.shape, from: parts) }
  if parts.allSatisfy({ $0.shape[place] == 0 }) { return Tensor(first.expanded(to: first.shape, plates: plates), plates: plates) }
  return Tensor(.concatenate(parts.map { $0.expanded(to: $0.shape, plates: plates) }, axis: place), plates: plates)
}

/// The parts side by side along a new axis at place `axis` of the result. Parts of different shapes stretch to their common shape.
public func stack(_ parts: [Tensor], axis: Int = 0) -> Tensor {
  guard let first = parts.first else { return .mistake("stack of no tensors has no shape", shape: [0]) }
  guard let common = Tensor.commonShape(parts.map(\.shape)) else {
    let odd = parts.first { Tensor.commonShape([$0.shape, first.shape]) == nil } ?? first
    return .mistake("stack cannot join shapes \(first.shapeDescription) and \(odd.shapeDescription)", shape: [parts.count], from: parts)
  }
  let place = axis < 0 ? axis + common.count + 1 : axis
  guard (0...common.count).contains(place) else { return first.noSuchAxis("stack(axis:)", axis) }
  let plates = PlateAxis.union(parts.map(\.plates))
  if let sentence = PlateAxis.excess(plates) { return .mistake("stack \(sentence)", shape: [parts.count] + common, from: parts) }
  var unit = common
  unit.insert(1, at: place)
  let nodes = parts.map { $0.expanded(to: common, plates: plates).reshaped(to: unit + plates.map(\.size)) }
  return Tensor(.concatenate(nodes, axis: place), plates: plates)
}

extension Tensor {
  /// Any Swift code with its own derivative as a step of the graph. Inside a plate the node runs once for each element.
  public static func custom(_ node: any CustomNode, _ inputs: [Tensor]) -> [Tensor] {
    let plates = PlateAxis.union(inputs.map(\.plates))
    do {
      guard let last = plates.last else { return try Node.custom(node, inputs.map(\.node)).map { Tensor($0) } }
      // One element of the innermost plate after the other, then side by side again.
      let spread = inputs.map { Tensor($0.expanded(to: $0.shape, plates: plates), plates: plates).leaving(last) }
      let columns = (0..<last.size).map { element in custom(node, spread.map { $0[element] }) }
      guard let first = columns.first else { return try node.outputShapes(inputs.map(\.shape)).map { .zeros($0) } }
      return first.indices.map { output in stack(columns.map { $0[output] }).entering(last) }
    } catch {
      return [.mistake("custom node '\(node.name)': \(error)", shape: [], from: inputs)]
    }
  }
}
