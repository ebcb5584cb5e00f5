import Foundation
import Reporting

/// Where what a model observes stands among the entries of its data.
struct ObservedPlaces: Sendable {
  private struct Place {
    var key: String
    var offset: Int
  }
  private let entries: [(key: String, values: [Double])]
  private var taken: [String: [Range<Int>]] = [:]
  private var places: [String: Place] = [:]
  /// Observed sites that are no entry of the data but computed from them.
  private(set) var missing: [String] = []

  /// - Parameter observed: sites with what was observed, row-major.
  init(_ members: JSONObject, _ observed: [(site: String, values: [Double])]) {
    entries = members.entries.compactMap { key, value in value.flatNumbers.map { (key, $0) } }
    for (site, values) in observed {
      places[site] = find(site, values)
      if places[site] == nil { missing.append(site) }
    }
  }

  /// Whether no site has a place.
  var isEmpty: Bool { places.isEmpty }

  /// Nil where all sites have a place.
  var missingSentence: String? {
    missing.isEmpty
      ? nil
      : "what is observed as \(OptionReader.list(missing, "and")) is no entry of the data but computed from them, and cannot be put back."
  }

  /// Puts other values in the place of a site's, where it has one.
  func put(_ values: [Double], of site: String, into members: inout JSONObject) {
    guard let place = places[site] else { return }
    members[place.key] = members[place.key]?.replacing(values, from: place.offset)
  }

  /// The entry that has these values, in whole or as a part; the one of the site's own name before others.
  private mutating func find(_ site: String, _ values: [Double]) -> Place? {
    guard !values.isEmpty else { return nil }
    let own = site.split(separator: ".").last.map(String.init) ?? site
    // `y[3]` and `y3` are called like `y`.
    let stem = String(own.prefix { $0 != "[" }.reversed().drop { $0.isNumber }.reversed())
    let groups = [entries.filter { $0.key == own || $0.key == stem }, entries.filter { $0.key != own && $0.key != stem }]
    for (group, isWhole) in groups.flatMap({ [($0, true), ($0, false)] }) {
      for entry in group where isWhole == (entry.values.count == values.count) && entry.values.count >= values.count {
        for offset in 0...(entry.values.count - values.count) where entry.values[offset..<(offset + values.count)].elementsEqual(values) {
          let range = offset..<(offset + values.count)
          guard !(taken[entry.key] ?? []).contains(where: { $0.overlaps(range) }) else { continue }
          taken[entry.key, default: []].append(range)
          return Place(key: entry.key, offset: offset)
        }
      }
    }
    return nil
  }
}

extension JSONValue {
  /// The numbers of a nested array, row-major; nil where there is anything else.
  fileprivate var flatNumbers: [Double]? {
    switch self {
    case .integer(let value): return [Double(value)]
    case .number(let value): return [value]
    case .numbers(let values, _): return values
    case .array(let items):
      let parts = items.compactMap(\.flatNumbers)
      return parts.count == items.count && !items.isEmpty ? parts.flatMap { $0 } : nil
    default: return nil
    }
  }

  /// The same nested array with other numbers from a place on, whole numbers as such.
  fileprivate func replacing(_ values: [Double], from offset: Int) -> JSONValue {
    var next = 0
    func walk(_ value: JSONValue) -> JSONValue {
      func replaced(_ old: Double) -> Double {
        defer { next += 1 }
        return next >= offset && next < offset + values.count ? values[next - offset] : old
      }
      switch value {
      case .integer(let old):
        let number = replaced(Double(old))
        return Int(exactly: number).map { .integer($0) } ?? .number(number)
      case .number(let old): return .number(replaced(old))
      case .numbers(let old, _):
        let new = old.map(replaced)
        return .numbers(new, whole: new.allSatisfy { Int(exactly: $0) != nil })
      case .array(let items): return .array(items.map(walk))
      default: return value
      }
    }
    return walk(self)
  }
}
