/// A run of parts of an axis beside `1..<4`: `1...3`, `1...`, `..<4` and `...3`.
public protocol AxisRange {
  /// The first part, and the one after the last, of an axis of `length` parts. They may lie outside of it.
  func bounds(length: Int) -> (lower: Int, upper: Int)
}

extension ClosedRange: AxisRange where Bound == Int {
  public func bounds(length: Int) -> (lower: Int, upper: Int) { (lowerBound, Swift.min(upperBound, Int.max - 1) + 1) }
}

extension PartialRangeFrom: AxisRange where Bound == Int {
  public func bounds(length: Int) -> (lower: Int, upper: Int) { (lowerBound, Swift.max(lowerBound, length)) }
}

extension PartialRangeUpTo: AxisRange where Bound == Int {
  public func bounds(length: Int) -> (lower: Int, upper: Int) { (Swift.min(0, upperBound), upperBound) }
}

extension PartialRangeThrough: AxisRange where Bound == Int {
  public func bounds(length: Int) -> (lower: Int, upper: Int) {
    let upper = Swift.min(upperBound, Int.max - 1) + 1
    return (Swift.min(0, upper), upper)
  }
}

extension Tensor {
  /// Parts of the first axis: `y[1...]` is all but the first.
  public subscript(_ range: some AxisRange) -> Tensor { slice(range, axis: 0) }

  /// Parts of an axis: `slice(..<3, axis: 1)`. Parts that the axis does not have are a mistake.
  public func slice(_ range: some AxisRange, axis: Int) -> Tensor {
    guard let place = resolved(axis: axis) else { return noSuchAxis("slice(axis:)", axis) }
    let (lower, upper) = range.bounds(length: shape[place])
    return slice(lower..<upper, axis: axis)
  }
}

extension IntTensor {
  /// Parts of the first axis: `y[1...]` is all but the first.
  public subscript(_ range: some AxisRange) -> IntTensor { IntTensor(tensor[range]) }
}

// MARK: - Arrays as data

extension [Double] {
  /// The number that belongs to the plate's element, where data are an array of Swift's.
  public subscript(_ index: PlateIndex) -> Tensor { tensor[index] }
}

extension [[Double]] {
  /// The row that belongs to the plate's element, where data are rows of equal length.
  public subscript(_ index: PlateIndex) -> Tensor { Tensor(self)[index] }
}

extension [Int] {
  /// The whole number that belongs to the plate's element, where data are an array of Swift's.
  public subscript(_ index: PlateIndex) -> IntTensor { IntTensor(self)[index] }
}

extension [[Int]] {
  /// The row that belongs to the plate's element, where data are rows of equal length.
  public subscript(_ index: PlateIndex) -> IntTensor { IntTensor(self)[index] }
}
