import Differentiation

/// What a plate's body may return: tensors and arrays of them, which get the plate's axis in front when the plate closes.
public protocol PlateResult {
  /// The value outside of the plate that closes.
  func closing(_ plate: PlateIndex) -> Self
}

extension Tensor: PlateResult {
  public func closing(_ plate: PlateIndex) -> Tensor { leaving(plate.axis) }
}

extension IntTensor: PlateResult {
  public func closing(_ plate: PlateIndex) -> IntTensor { IntTensor(tensor.leaving(plate.axis)) }
}

extension Array: PlateResult where Element: PlateResult {
  public func closing(_ plate: PlateIndex) -> [Element] { map { $0.closing(plate) } }
}

extension Recorder {
  // One overload for each number of results: Swift's parameter packs do not see through labelled tuples.

  /// Independent repetition: the body is written for element `j` and recorded once for all of them. `y[j]` is the part of data that belongs
  /// to the element. What the body returns has the plate's axis in front outside. Plates nest.
  public func plate(
    _ name: String, _ size: Int, file: String = #fileID, line: Int = #line, _ body: (_ j: PlateIndex) throws -> Void
  ) rethrows {
    let index = opening(name, size, SourceLine(file, line))
    defer { open.removeLast() }
    try body(index)
  }

  @discardableResult
  public func plate<A: PlateResult>(
    _ name: String, _ size: Int, file: String = #fileID, line: Int = #line, _ body: (_ j: PlateIndex) throws -> A
  ) rethrows -> A {
    let index = opening(name, size, SourceLine(file, line))
    defer { open.removeLast() }
    return try body(index).closing(index)
  }

  @discardableResult
  public func plate<A: PlateResult, B: PlateResult>(
    _ name: String, _ size: Int, file: String = #fileID, line: Int = #line, _ body: (_ j: PlateIndex) throws -> (A, B)
  ) rethrows -> (A, B) {
    let index = opening(name, size, SourceLine(file, line))
    defer { open.removeLast() }
    let r = try body(index)
    return (r.0.closing(index), r.1.closing(index))
  }

  @discardableResult
  public func plate<A: PlateResult, B: PlateResult, C: PlateResult>(
    _ name: String, _ size: Int, file: String = #fileID, line: Int = #line, _ body: (_ j: PlateIndex) throws -> (A, B, C)
  ) rethrows -> (A, B, C) {
    let index = opening(name, size, SourceLine(file, line))
    defer { open.removeLast() }
    let r = try body(index)
    return (r.0.closing(index), r.1.closing(index), r.2.closing(index))
  }

  @discardableResult
  public func plate<A: PlateResult, B: PlateResult, C: PlateResult, D: PlateResult>(
    _ name: String, _ size: Int, file: String = #fileID, line: Int = #line, _ body: (_ j: PlateIndex) throws -> (A, B, C, D)
  ) rethrows -> (A, B, C, D) {
    let index = opening(name, size, SourceLine(file, line))
    defer { open.removeLast() }
    let r = try body(index)
    return (r.0.closing(index), r.1.closing(index), r.2.closing(index), r.3.closing(index))
  }

  private func opening(_ name: String, _ size: Int, _ source: SourceLine) -> PlateIndex {
    let isInsideItself = open.contains { $0.plate.name == name }
    if isInsideItself { recording.report(nil, source, "plate \"\(name)\" is opened inside itself") }
    let (plate, id) = recording.plate(name, size, source, anew: isInsideItself)
    let axis = PlateAxis(id: id, name: name, size: plate.present, depth: open.count)
    let index = PlateIndex(axis: axis, fullSize: plate.size, subset: plate.subset)
    open.append(OpenPlate(index: index, plate: plate))
    return index
  }

  // MARK: - Sequences and scopes

  /// Sequential repetition: the body runs for t = 0, 1, …, and site names get `name[t].` in front. For long sequences `scan(over:from:_:)`
  /// is recorded once.
  @discardableResult
  public func each<R>(_ name: String, _ count: Int, _ body: (_ t: Int) throws -> R) rethrows -> [R] {
    var results: [R] = []
    for t in 0..<max(count, 0) {
      scopes.append("\(name)[\(t)]")
      defer { scopes.removeLast() }
      results.append(try body(t))
    }
    return results
  }

  /// Names inside get `name.` in front, so that a part of a model can stand in it twice.
  public func scope<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
    scopes.append(name)
    defer { scopes.removeLast() }
    return try body()
  }
}
