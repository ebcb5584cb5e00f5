/// A rectangular array of numbers out of nested JSON arrays.
struct DenseArray {
  /// [] for one number.
  private(set) var shape: [Int] = []
  /// Row-major.
  private(set) var values: [Double] = []

  /// Throws `DataError` at the first place that is ragged, no number, or (with `whole`) not a whole number.
  init(_ decoder: DataDecoder, whole: Bool) throws {
    var first = decoder.value
    shape = []
    while true {
      if case .numbers(let numbers, _) = first {
        shape.append(numbers.count)
        break
      }
      guard case .array(let items) = first else { break }
      shape.append(items.count)
      guard let next = items.first else { break }
      first = next
    }
    values.reserveCapacity(shape.reduce(1, *))
    try append(decoder, level: 0, whole: whole)
  }

  private mutating func append(_ decoder: DataDecoder, level: Int, whole: Bool) throws {
    switch decoder.value {
    case .integer, .number:
      guard level == shape.count else {
        throw decoder.failure("expected an array of \(shape[level]) elements as in its neighbours, found a number")
      }
      let number = try decoder.decode(Double.self)
      if whole { try checkWhole(number, decoder) }
      values.append(number)
    case .numbers(let numbers, let isWhole):
      guard level < shape.count else {
        throw decoder.failure("expected a number as in its neighbours, found an array of \(numbers.count) elements")
      }
      try checkCount(numbers.count, level, decoder)
      if level + 1 < shape.count {
        throw decoder.child(.number(numbers[0]), IndexKey(0)).failure(
          "expected an array of \(shape[level + 1]) elements as in its neighbours, found a number")
      }
      // A whole number may be too large for an integer.
      if whole, !isWhole || numbers.contains(where: { abs($0) > Self.largestWhole }) {
        for (index, number) in numbers.enumerated() { try checkWhole(number, decoder.child(.number(number), IndexKey(index))) }
      }
      values.append(contentsOf: numbers)
    case .array(let items):
      guard level < shape.count else {
        throw decoder.failure("expected a number as in its neighbours, found an array of \(items.count) elements")
      }
      try checkCount(items.count, level, decoder)
      for (index, item) in items.enumerated() { try append(decoder.child(item, IndexKey(index)), level: level + 1, whole: whole) }
    default:
      throw decoder.failure(
        "expected \(whole ? "a whole number" : "a number")\(level == 0 ? " or an array of them" : ""), found \(decoder.described())")
    }
  }

  private func checkCount(_ count: Int, _ level: Int, _ decoder: DataDecoder) throws {
    guard count != shape[level] else { return }
    throw decoder.failure("the array is ragged: this part has \(count) elements where the first has \(shape[level])")
  }

  /// Beyond 2^53 a double no longer tells neighbours apart.
  private static let largestWhole = 9_007_199_254_740_992.0

  private func checkWhole(_ number: Double, _ decoder: DataDecoder) throws {
    guard number == number.rounded(), abs(number) <= Self.largestWhole else {
      throw decoder.failure("expected a whole number, found \(number)")
    }
  }

  /// The shape as the first elements suggest it, nil for what is no array of numbers; [] for a number.
  static func shape(of value: JSONValue) -> [Int]? {
    switch value {
    case .integer, .number: return []
    case .numbers(let numbers, _): return [numbers.count]
    case .array(let items):
      guard let first = items.first else { return [0] }
      return shape(of: first).map { [items.count] + $0 }
    default: return nil
    }
  }
}
