import Foundation
import Inference

/// Reads Stan's CSV: ours, CmdStan's and CmdStanPy's.
extension DrawsCSV {
  /// Whether the text looks like Stan's CSV: comments with #, or a first line with a column that ends in two underscores.
  package static func recognizes(_ data: Data) -> Bool {
    let start = String(decoding: data.prefix(4096), as: UTF8.self)
    guard let line = start.split(separator: "\n", omittingEmptySubsequences: true).first else { return false }
    return line.hasPrefix("#") || line.split(separator: ",").contains { $0.hasSuffix("__") }
  }

  /// Reads one chain. Warmup draws that were saved are left out. Throws `DataError` whose key path is the line.
  package static func decode(_ data: Data) throws -> DrawSet {
    let text = String(decoding: data, as: UTF8.self)
    var names: [String] = []
    var columns: [[Double]] = []
    var savedWarmup = 0
    var warmup = 0
    var thin = 1
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.last == "\r" ? line.dropLast() : line
      if line.hasPrefix("#") {
        if let value = setting("save_warmup", line) { savedWarmup = value }
        if let value = setting("num_warmup", line) { warmup = value }
        if let value = setting("thin", line) { thin = max(value, 1) }
        continue
      }
      if line.isEmpty { continue }
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      if names.isEmpty {
        names = fields.map { $0.trimmingCharacters(in: .whitespaces) }
        columns = names.map { _ in [] }
        if let twice = names.enumerated().first(where: { names[..<$0.offset].contains($0.element) }) {
          throw DataError(keyPath: "line \(index + 1)", reason: "the column \(twice.element) stands twice")
        }
        continue
      }
      guard fields.count == names.count else {
        throw DataError(
          keyPath: "line \(index + 1)", reason: "expected \(names.count) numbers as in the line of names, found \(fields.count)")
      }
      for (column, field) in fields.enumerated() {
        guard let value = Double(field) else {
          throw DataError(keyPath: "line \(index + 1)", reason: "expected a number for \(names[column]), found \"\(field)\"")
        }
        columns[column].append(value)
      }
    }
    guard !names.isEmpty else { throw DataError(keyPath: "", reason: "there is no line of names") }
    // Of iterations 0, 1, … each whose number is a multiple of thin is written.
    if savedWarmup > 0, warmup > 0 { columns = columns.map { Array($0.dropFirst((warmup - 1) / thin + 1)) } }
    guard columns[0].count > 0 else { throw DataError(keyPath: "", reason: "there are no draws") }
    return try assemble(names, columns)
  }

  /// `#     num_warmup = 1000 (Default)` → 1000; true and false count as 1 and 0.
  private static func setting(_ key: String, _ line: Substring) -> Int? {
    let parts = line.dropFirst().split(separator: "=", maxSplits: 1)
    guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == key else { return nil }
    let word = parts[1].split(separator: " ").first.map(String.init) ?? ""
    return word == "true" ? 1 : word == "false" ? 0 : Int(word)
  }

  private static func assemble(_ names: [String], _ columns: [[Double]]) throws -> DrawSet {
    var draws = DrawSet(chains: 1, drawsPerChain: columns[0].count, variables: [], sampleStats: [:])
    var elements: [Element] = []
    for (column, name) in names.enumerated() {
      if name.hasSuffix("__") {
        draws.sampleStats[Self.columns.first { $0.name == name }?.statistic ?? String(name.dropLast(2))] = [columns[column]]
        continue
      }
      let parts = name.split(separator: ".").map(String.init)
      let indices = parts.dropFirst().map { Int($0) }
      // A name with points that are no indices, or of points alone, stands for itself.
      let isIndexed = !parts.isEmpty && indices.allSatisfy { ($0 ?? 0) >= 1 }
      // The point of a site's name stands as a colon in a column's.
      let base = (isIndexed ? parts[0] : name).replacing(":", with: ".")
      elements.append(
        Element(base: base, indices: isIndexed ? indices.compactMap { $0.map { $0 - 1 } } : [], values: columns[column]))
    }
    draws.variables = try assemble(elements)
    guard !draws.variables.isEmpty else { throw DataError(keyPath: "", reason: "there is no column of a variable") }
    return draws
  }

  /// The draws of one element of a variable, its indices counted from 0.
  struct Element {
    var base: String
    var indices: [Int]
    var values: [Double]
  }

  /// Variables out of the draws of their elements in one chain. Throws `DataError` where elements are missing.
  static func assemble(_ all: [Element]) throws -> [VariableDraws] {
    let count = all.first?.values.count ?? 0
    var order: [String] = []
    var elements: [String: [Element]] = [:]
    for element in all {
      if elements[element.base] == nil { order.append(element.base) }
      elements[element.base, default: []].append(element)
    }
    return try order.map { name in
      let parts = elements[name] ?? []
      let rank = parts[0].indices.count
      let shape = (0..<rank).map { axis in (parts.map { $0.indices.count == rank ? $0.indices[axis] : 0 }.max() ?? 0) + 1 }
      let size = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
      guard parts.allSatisfy({ $0.indices.count == rank }), parts.count == size else {
        throw DataError(keyPath: name, reason: "expected a column for each element of the shape \(shape), found \(parts.count)")
      }
      var values = [Double](repeating: .nan, count: count * size)
      for part in parts {
        let element = zip(part.indices, shape).reduce(0) { $0 * $1.1 + $1.0 }
        for draw in 0..<count { values[draw * size + element] = part.values[draw] }
      }
      return VariableDraws(name: name, kind: .latent, shape: shape, values: [values])
    }
  }

  /// Several chains of one fit as one set. Throws `DataError` when their variables or lengths differ; its key path is the number of the chain.
  package static func join(_ chains: [DrawSet]) throws -> DrawSet {
    guard var all = chains.first else { return DrawSet(chains: 0, drawsPerChain: 0, variables: [], sampleStats: [:]) }
    for (index, next) in chains.enumerated().dropFirst() {
      guard next.variables.map(\.name) == all.variables.map(\.name), next.variables.map(\.shape) == all.variables.map(\.shape) else {
        throw DataError(keyPath: "\(index)", reason: "its variables are not those of the first file")
      }
      guard next.drawsPerChain == all.drawsPerChain else {
        throw DataError(keyPath: "\(index)", reason: "it has \(next.drawsPerChain) draws where the first file has \(all.drawsPerChain)")
      }
      all.chains += next.chains
      for variable in all.variables.indices { all.variables[variable].values += next.variables[variable].values }
      for (name, values) in next.sampleStats { all.sampleStats[name]? += values }
    }
    // Of statistics, those that all chains have.
    all.sampleStats = all.sampleStats.filter { $0.value.count == all.chains }
    return all
  }
}
