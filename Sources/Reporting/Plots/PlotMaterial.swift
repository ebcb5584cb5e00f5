import Foundation
import Inference
import Modeling

/// One number with its draws: a scalar variable or an element of an array.
package struct PlotQuantity: Sendable {
  /// `tau`, `theta[2]`.
  package var name: String
  /// [chain][draw].
  package var chains: [[Double]]

  package init(name: String, chains: [[Double]]) {
    self.name = name
    self.chains = chains
  }

  package var isFinite: Bool { chains.allSatisfy { $0.allSatisfy(\.isFinite) } }
  var finite: [Double] { chains.flatMap { $0.filter(\.isFinite) } }
  /// Whether all draws are whole numbers within a range that is worth a bar each.
  var isWhole: Bool {
    guard let first = chains.first?.first, first.rounded() == first else { return false }
    var least = first
    var largest = first
    for chain in chains {
      for value in chain {
        guard value.rounded() == value, abs(value) < 1e9 else { return false }
        least = min(least, value)
        largest = max(largest, value)
      }
    }
    return largest > least && largest - least <= 60
  }
}

/// Why a plot cannot be made: one sentence.
package struct PlotError: Error, Equatable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// All that is known about one fit: its draws, its result, and what was observed and predicted.
package struct PlotMaterial: Sendable {
  package var draws: DrawSet?
  package var result: ResultDocument?
  package var checks: [PredictiveCheck] = []
  /// The variables that are asked for, as `theta` or `theta[2]`; empty for a choice by effective sample size.
  package var variables: [String] = []

  package init(draws: DrawSet? = nil, result: ResultDocument? = nil, checks: [PredictiveCheck] = [], variables: [String] = []) {
    self.draws = draws
    self.result = result
    self.checks = checks
    self.variables = variables
  }

  /// The draws, or the sentence that says how to get some.
  func needDraws(_ kind: String) throws -> DrawSet {
    if let draws { return draws }
    throw PlotError("\(kind) needs draws, and there is only a result: infer --draws-output FILE writes them.")
  }

  /// Throws ``PlotError`` where a variable that is asked for is not among the draws.
  package func checkVariables(_ draws: DrawSet) throws {
    _ = try PlotSelection.places(variables, draws.variables.map { ($0.name, $0.shape) })
  }

  /// Which draws of which chains diverged; empty where the file does not say.
  var divergences: [[Bool]] { (draws?.sampleStats["diverging"] ?? []).map { $0.map { $0 != 0 } } }
}

/// Which numbers a plot shows.
struct PlotSelection {
  var quantities: [PlotQuantity]
  /// What was left out.
  var note: String?

  /// One element of one variable, by its place in a list of variables.
  fileprivate struct Place {
    var variable: Int
    var element: Int
  }

  /// The quantities with draws; at most `limit`. Throws ``PlotError`` for a name that there is not.
  init(_ material: PlotMaterial, _ draws: DrawSet, limit: Int) throws {
    let shapes = draws.variables.map { (name: $0.name, shape: $0.shape) }
    let places = try Self.places(material.variables, shapes)
    let kept: [Place]
    (kept, note) = Self.chosen(places, limit: limit, isAsked: !material.variables.isEmpty) { places in
      Self.efficiencies(places, material.result, draws)
    }
    quantities = kept.map { Self.quantity(draws, $0) }
  }

  /// The same for a list of variables with no draws: names and elements.
  static func elements(_ material: PlotMaterial, _ variables: [VariableReport], limit: Int) throws -> (
    places: [(variable: Int, element: Int)], note: String?
  ) {
    let places = try places(material.variables, variables.map { ($0.name, $0.shape) })
    let (kept, note) = chosen(places, limit: limit, isAsked: true) { _ in [] }
    return (kept.map { ($0.variable, $0.element) }, note)
  }

  fileprivate static func places(_ names: [String], _ variables: [(name: String, shape: [Int])]) throws -> [Place] {
    guard !names.isEmpty else {
      return variables.indices.flatMap { variable in
        (0..<variables[variable].shape.reduce(1, *)).map { Place(variable: variable, element: $0) }
      }
    }
    var seen: Set<String> = []
    return try names.flatMap { name -> [Place] in
      if let variable = variables.firstIndex(where: { $0.name == name }) {
        return (0..<variables[variable].shape.reduce(1, *)).map { Place(variable: variable, element: $0) }
      }
      return [try element(name, variables)]
    }.filter { seen.insert("\($0.variable) \($0.element)").inserted }
  }

  /// `theta[2, 0]`.
  private static func element(_ name: String, _ variables: [(name: String, shape: [Int])]) throws -> Place {
    let base = name.hasSuffix("]") ? name.lastIndex(of: "[").map { String(name[..<$0]) } : nil
    guard let base, let variable = variables.firstIndex(where: { $0.name == base }) else {
      let wanted = base ?? name
      let near = NearestName.find(wanted, among: variables.map(\.name)).map { "; the nearest is \($0)" } ?? ""
      throw PlotError("--variable: there is no variable \"\(wanted)\"\(near).")
    }
    let shape = variables[variable].shape
    let words = name.dropFirst(base.count + 1).dropLast().split(separator: ",", omittingEmptySubsequences: false)
    let indices = words.map { Int($0.trimmingCharacters(in: .whitespaces)) ?? -1 }
    guard indices.count == shape.count, zip(indices, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
      throw PlotError(
        shape.isEmpty
          ? "--variable \(name): \(base) is one number and has no elements."
          : "--variable \(name): \(base) has the shape \(shape), with elements counted from 0.")
    }
    return Place(variable: variable, element: zip(indices, shape).reduce(0) { $0 * $1.1 + $1.0 })
  }

  private static func chosen(_ places: [Place], limit: Int, isAsked: Bool, _ efficiencies: ([Place]) -> [Double]) -> ([Place], String?) {
    guard places.count > limit else { return (places, nil) }
    if isAsked {
      return (Array(places.prefix(limit)), "The first \(limit) of \(places.count) quantities are shown; --variable NAME selects others.")
    }
    let measures = efficiencies(places)
    guard measures.count == places.count else {
      return (Array(places.prefix(limit)), "The first \(limit) of \(places.count) quantities are shown; --variable NAME selects others.")
    }
    let order = places.indices.sorted { (measures[$0], $0) < (measures[$1], $1) }
    let kept = order.prefix(limit).sorted().map { places[$0] }
    return (
      kept,
      "\(limit) of \(places.count) quantities are shown, those with the lowest effective sample sizes; --variable NAME selects others."
    )
  }

  /// Bulk effective sample sizes, from the result where there is one; infinite where they are not defined, empty where it would take long.
  private static func efficiencies(_ places: [Place], _ result: ResultDocument?, _ draws: DrawSet) -> [Double] {
    let known = Dictionary((result?.variables ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let isKnown = places.allSatisfy { place in
      let variable = draws.variables[place.variable]
      return known[variable.name]?.shape == variable.shape && known[variable.name]?["ess_bulk"] != nil
    }
    guard isKnown || places.count * draws.chains * draws.drawsPerChain <= 20_000_000 else { return [] }
    return places.map { place in
      let variable = draws.variables[place.variable]
      let value = isKnown ? known[variable.name]?["ess_bulk"]?[place.element] : Diagnostics.essBulk(quantity(draws, place).chains)
      return value.flatMap { $0.isNaN ? nil : $0 } ?? .infinity
    }
  }

  private static func quantity(_ draws: DrawSet, _ place: Place) -> PlotQuantity {
    let variable = draws.variables[place.variable]
    let size = variable.size
    return PlotQuantity(
      name: variable.name + Nesting.suffix(place.element, shape: variable.shape),
      chains: variable.values.map { chain in stride(from: place.element, to: chain.count, by: size).map { chain[$0] } })
  }
}

extension PlotQuantity {
  /// The most chains that are drawn over each other.
  static let chainLimit = 16
  /// The chains that are drawn.
  var shown: ArraySlice<[Double]> { chains.prefix(Self.chainLimit) }

  /// The sentence about chains that are not drawn.
  static func chainNote(_ chains: Int) -> String? { chains > chainLimit ? "The first \(chainLimit) of \(chains) chains are shown." : nil }
}

/// Fewer points for the same picture.
enum Thinning {
  /// The least and the largest of each of so many stretches of a series, in the order in which they came; places count from 1. What is not finite
  /// is left out.
  static func envelope(_ values: [Double], stretches: Int) -> [(x: Double, y: Double)] {
    guard values.count > 2 * stretches else {
      return values.enumerated().map { (Double($0.offset + 1), $0.element) }
    }
    var points: [(x: Double, y: Double)] = []
    points.reserveCapacity(2 * stretches)
    for stretch in 0..<stretches {
      let range = (stretch * values.count / stretches)..<((stretch + 1) * values.count / stretches)
      var least: Int?
      var largest: Int?
      for index in range where values[index].isFinite {
        if least.map({ values[index] < values[$0] }) ?? true { least = index }
        if largest.map({ values[index] > values[$0] }) ?? true { largest = index }
      }
      guard let least, let largest else { continue }
      for index in least == largest ? [least] : [min(least, largest), max(least, largest)] {
        points.append((Double(index + 1), values[index]))
      }
    }
    return points
  }

  /// About so many places, evenly spread over 0..<count.
  static func places(_ count: Int, limit: Int) -> [Int] {
    guard count > limit, limit > 0 else { return Array(0..<max(count, 0)) }
    return (0..<limit).map { $0 * count / limit }
  }
}
