import Foundation
import Modeling

/// The stored properties of a model as numbers that can be moved.
struct Hyperparameters<M: Model>: Sendable {
  private enum Content: Codable, Sendable {
    case object([String: Content])
    case array([Content])
    case truth(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case null

    init(from decoder: any Decoder) throws {
      if let members = try? decoder.singleValueContainer().decode([String: Content].self) {
        self = .object(members)
      } else if let items = try? decoder.singleValueContainer().decode([Content].self) {
        self = .array(items)
      } else {
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
          self = .null
        } else if let value = try? single.decode(Bool.self) {
          self = .truth(value)
        } else if let value = try? single.decode(Int.self) {
          self = .integer(value)
        } else if let value = try? single.decode(Double.self) {
          self = .number(value)
        } else {
          self = .text(try single.decode(String.self))
        }
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .object(let members): try container.encode(members)
      case .array(let items): try container.encode(items)
      case .truth(let value): try container.encode(value)
      case .integer(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .null: try container.encodeNil()
      }
    }

    var number: Double? {
      switch self {
      case .integer(let value): Double(value)
      case .number(let value): value
      default: nil
      }
    }

    /// The places of all numbers of an array.
    var places: [[Int]]? {
      if number != nil { return [[]] }
      guard case .array(let items) = self else { return nil }
      var all: [[Int]] = []
      for (index, item) in items.enumerated() {
        guard let inner = item.places else { return nil }
        all += inner.map { [index] + $0 }
      }
      return all
    }

    subscript(place: ArraySlice<Int>) -> Double? {
      guard let first = place.first else { return number }
      guard case .array(let items) = self, items.indices.contains(first) else { return nil }
      return items[first][place.dropFirst()]
    }

    func adding(_ shift: Double, at place: ArraySlice<Int>) -> Content {
      guard let first = place.first else { return .number((number ?? .nan) + shift) }
      guard case .array(var items) = self else { return self }
      items[first] = items[first].adding(shift, at: place.dropFirst())
      return .array(items)
    }
  }

  /// One number of one stored property.
  struct Element: Sendable {
    var name: String
    var key: String
    var place: [Int]
    var value: Double
  }

  private let members: [String: Content]
  /// The most numbers of one property.
  private static var limit: Int { 100 }

  init(_ model: M) throws {
    guard case .object(let members) = try JSONDecoder().decode(Content.self, from: JSONEncoder().encode(model)) else {
      throw PredictionError(["The model has no stored properties: there are no hyperparameters."])
    }
    self.members = members
  }

  /// The numbers that a name such as `scale`, `sigma` (all elements) or `sigma[2]` stands for. Throws ``PredictionError``.
  func elements(_ text: String) throws -> [Element] {
    let parts = text.split(separator: "[", maxSplits: 1)
    let key = parts.first.map(String.init) ?? ""
    guard let content = members[key] else {
      let names = members.keys.sorted()
      let hint = NearestName.find(key, among: names).map { "; the nearest is \($0)" } ?? "; it has \(names.joined(separator: ", "))"
      throw PredictionError(["The model has no stored property \"\(key)\"\(hint)."])
    }
    var places: [[Int]]
    if parts.count == 2 {
      let numbers = parts[1].dropLast().split(separator: ",").map { Int($0.filter { $0 != " " }) }
      let place = numbers.compactMap { $0 }
      guard parts[1].last == "]", place.count == numbers.count, content[place[...]] != nil else {
        throw PredictionError(["There is no element \(text) in the model's data: elements are counted from 0, as in \(key)[0]."])
      }
      places = [place]
    } else {
      guard let all = content.places else { throw PredictionError(["The stored property \(key) is no number or array of numbers."]) }
      places = all
    }
    guard places.count <= Self.limit else {
      throw PredictionError([
        "The stored property \(key) has \(places.count) numbers, and gradients are made for at most \(Self.limit) at a time: name an element, \(key)[0]."
      ])
    }
    return places.map { place in
      let suffix = place.isEmpty ? "" : "[\(place.map(String.init).joined(separator: ","))]"
      return Element(name: key + suffix, key: key, place: place, value: content[place[...]] ?? .nan)
    }
  }

  /// The model with one number moved. Throws ``PredictionError`` for a property that takes whole numbers only.
  func model(_ element: Element, shift: Double) throws -> M {
    var moved = members
    moved[element.key] = moved[element.key]?.adding(shift, at: element.place[...])
    let data = try JSONEncoder().encode(Content.object(moved))
    do {
      return try JSONDecoder().decode(M.self, from: data)
    } catch is DecodingError {
      throw PredictionError([
        "The stored property \(element.name) does not take \(element.value + shift): whole numbers have no derivative."
      ])
    }
  }
}
