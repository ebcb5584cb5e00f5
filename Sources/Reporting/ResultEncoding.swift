import Foundation
import Inference

/// A result as JSON, `credence/posterior/1`, and back.
extension ResultDocument {
  /// The text of the result.
  package var json: Data { JSONWriter.pretty(.object(object)) }

  /// The result as the contract orders it.
  package var object: JSONObject {
    var object = JSONObject([
      ("schema", .string(Self.schema)), ("model", .object(("name", .string(modelName)), ("version", .string(modelVersion)))),
      ("data", data.map { .object(("source", .string($0.source)), ("sha256", .string($0.sha256))) } ?? .null), ("method", .object(method)),
    ])
    object["variables"] = .object(JSONObject(variables.map { ($0.name, .object($0.object)) }))
    var all = JSONObject([
      ("verdict", .string(verdict.verdict.rawValue)),
      (
        "reasons",
        .array(
          verdict.reasons.map {
            .object(("code", .string($0.code)), ("severity", .string($0.severity.rawValue)), ("text", .string($0.text)))
          })
      ),
    ])
    for (key, value) in diagnostics.entries { all[key] = value }
    object["diagnostics"] = .object(all.explainingNulls())
    object["timing"] = .object(timing.explainingNulls())
    return object
  }

  /// Reads a result. Throws `DataError` with the key path where it is not one.
  package init(_ root: JSONValue) throws {
    guard case .object = root, let schema = root["schema"]?.text else {
      throw DataError(keyPath: "schema", reason: "the file is no result: it names no schema")
    }
    guard schema == Self.schema else { throw DataError(keyPath: "schema", reason: "expected \(Self.schema), found \(schema)") }
    modelName = root["model"]?["name"]?.text ?? ""
    modelVersion = root["model"]?["version"]?.text ?? ""
    if let source = root["data"]?["source"]?.text { data = .init(source: source, sha256: root["data"]?["sha256"]?.text ?? "") }
    method = root["method"]?.members ?? JSONObject()
    guard let members = root["variables"]?.members else { throw DataError(keyPath: "variables", reason: "the key is missing or no object") }
    variables = try members.entries.map { try VariableReport(name: $0.key, $0.value) }
    var all = root["diagnostics"]?.members ?? JSONObject()
    guard let grade = all["verdict"]?.text.flatMap(Verdict.Grade.init) else {
      throw DataError(keyPath: "diagnostics.verdict", reason: "expected ok, caution or fail")
    }
    verdict = Verdict()
    if case .array(let items) = all["reasons"] {
      verdict = Verdict(
        items.map {
          // A reason without a weight of its own has the verdict's.
          let severity = $0["severity"]?.text.flatMap(Verdict.Grade.init) ?? grade
          return Verdict.Reason(code: $0["code"]?.text ?? "", severity: severity, text: $0["text"]?.text ?? "")
        })
    }
    guard verdict.verdict == grade else {
      throw DataError(
        keyPath: "diagnostics.verdict", reason: "it is \(grade.rawValue), and the gravest of its reasons is \(verdict.verdict.rawValue)")
    }
    all["verdict"] = nil
    all["reasons"] = nil
    diagnostics = all
    timing = root["timing"]?.members ?? JSONObject()
  }
}

extension VariableReport {
  var object: JSONObject {
    var object = JSONObject([("kind", .string(kind.rawValue)), ("shape", .array(shape.map { .integer($0) }))])
    var reasons = JSONObject()
    for (name, values) in statistics {
      // In the contract the quantiles stand after the median.
      object[name] = Nesting.nest(values, shape: shape)
      if let reason = nullReason(values) { reasons[name] = .string(reason) }
      if name == "median" { object["quantiles"] = quantilesObject(&reasons) }
    }
    if object["quantiles"] == nil, !quantiles.isEmpty { object["quantiles"] = quantilesObject(&reasons) }
    if !reasons.isEmpty { object["null_reasons"] = .object(reasons) }
    return object
  }

  private func quantilesObject(_ reasons: inout JSONObject) -> JSONValue {
    let worst = quantiles.first { $0.values.contains { !$0.isFinite } }
    if let reason = worst.flatMap({ nullReason($0.values) }) { reasons["quantiles"] = .string(reason) }
    return .object(JSONObject(quantiles.map { (Self.key($0.probability), Nesting.nest($0.values, shape: shape)) }))
  }

  /// `0.05`, `0.5`: the shortest decimal of the probability.
  static func key(_ probability: Double) -> String { probability.description }

  /// Which elements are null in the result, and why; nil when none is.
  private func nullReason(_ values: [Double]) -> String? {
    var elements: [String: [String]] = [:]
    var order: [String] = []
    for (index, value) in values.enumerated() where !value.isFinite {
      let known = gaps.indices.contains(index) ? gaps[index] : nil
      let reason = known ?? value.whyNotFinite
      if elements[reason] == nil { order.append(reason) }
      elements[reason, default: []].append(Nesting.suffix(index, shape: shape))
    }
    guard !order.isEmpty else { return nil }
    if shape.isEmpty { return order[0] }
    return order.map { reason in
      let places = elements[reason] ?? []
      let shown = places.count == values.count ? "all" : places.prefix(5).joined(separator: ", ") + (places.count > 5 ? ", …" : "")
      return "\(shown): \(reason)"
    }.joined(separator: "; ")
  }

  /// Reads one variable of a result; null becomes NaN.
  init(name: String, _ value: JSONValue) throws {
    let path = "variables.\(name)"
    guard let members = value.members else { throw DataError(keyPath: path, reason: "expected an object, found \(value.kindName)") }
    guard let kind = members["kind"]?.text.flatMap(VariableKind.init) else {
      throw DataError(keyPath: path + ".kind", reason: "expected latent, output or predictive")
    }
    let shape: [Int] = try (members["shape"].map { try Nesting.flatten($0, path + ".shape").values } ?? []).map { size in
      guard let size = Int(exactly: size), size >= 0 else { throw DataError(keyPath: path + ".shape", reason: "expected whole numbers") }
      return size
    }
    self.init(name: name, kind: kind, shape: shape, statistics: [], quantiles: [])
    for (key, value) in members.entries where !["kind", "shape", "quantiles", "null_reasons"].contains(key) {
      statistics.append((key, try values(value, path + "." + key)))
    }
    for (key, value) in members["quantiles"]?.members?.entries ?? [] {
      guard let probability = Double(key), (0...1).contains(probability) else {
        throw DataError(keyPath: path + ".quantiles", reason: "expected probabilities as keys, found \"\(key)\"")
      }
      quantiles.append((probability, try values(value, path + ".quantiles." + key)))
    }
  }

  private func values(_ value: JSONValue, _ path: String) throws -> [Double] {
    let flat = try Nesting.flatten(value, path)
    guard flat.shape == shape || (flat.values.isEmpty && size == 0) else {
      throw DataError(keyPath: path, reason: "expected the shape \(shape), found \(flat.shape)")
    }
    return flat.values
  }
}

extension Double {
  /// Why a number that is not finite stands as null.
  var whyNotFinite: String { isNaN ? "not defined" : self > 0 ? "infinite" : "minus infinite" }
}

extension JSONObject {
  /// The same members, and where a number is not finite (and will be written as null) a member `null_reasons` that says why.
  func explainingNulls() -> JSONObject {
    var result = JSONObject()
    var reasons = self["null_reasons"]?.members ?? JSONObject()
    for (key, value) in entries where key != "null_reasons" {
      switch value {
      case .object(let object): result[key] = .object(object.explainingNulls())
      case .number(let number) where !number.isFinite:
        result[key] = value
        if reasons[key] == nil { reasons[key] = .string(number.whyNotFinite) }
      case .numbers(let numbers, _):
        result[key] = value
        if let bad = numbers.first(where: { !$0.isFinite }), reasons[key] == nil { reasons[key] = .string(bad.whyNotFinite) }
      default: result[key] = value
      }
    }
    if !reasons.isEmpty { result["null_reasons"] = .object(reasons) }
    return result
  }
}

/// Between flat row-major values and arrays nested like a shape.
package enum Nesting {
  package static func nest(_ values: [Double], shape: [Int]) -> JSONValue { nest(values[...], shape: shape[...]) }

  static func nest(_ values: ArraySlice<Double>, shape: ArraySlice<Int>) -> JSONValue {
    guard let outer = shape.first else { return values.first.map { .number($0) } ?? .null }
    guard outer > 0 else { return .array([]) }
    if shape.count == 1 { return .numbers(Array(values), whole: false) }
    let stride = values.count / outer
    let start = values.startIndex
    return .array((0..<outer).map { nest(values[start + $0 * stride..<start + ($0 + 1) * stride], shape: shape.dropFirst()) })
  }

  /// Flattens nested arrays of numbers; null becomes NaN. Throws `DataError` where they are ragged or hold something else.
  package static func flatten(_ value: JSONValue, _ path: String) throws -> (shape: [Int], values: [Double]) {
    switch value {
    case .integer(let integer): return ([], [Double(integer)])
    case .number(let number): return ([], [number])
    case .bool(let flag): return ([], [flag ? 1 : 0])
    case .null: return ([], [.nan])
    case .numbers(let numbers, _): return ([numbers.count], numbers)
    case .array(let items):
      var shape: [Int] = []
      var values: [Double] = []
      for (index, item) in items.enumerated() {
        let part = try flatten(item, "\(path)[\(index)]")
        if index == 0 {
          shape = part.shape
        } else if part.shape != shape {
          throw DataError(
            keyPath: "\(path)[\(index)]", reason: "the array is ragged: this part has the shape \(part.shape), the first has \(shape)")
        }
        values.append(contentsOf: part.values)
      }
      return ([items.count] + shape, values)
    default: throw DataError(keyPath: path, reason: "expected numbers, found \(value.kindName)")
    }
  }

  /// `[2, 0]` for an element of a shape; empty for a scalar.
  package static func suffix(_ element: Int, shape: [Int]) -> String {
    guard !shape.isEmpty else { return "" }
    return "[" + indices(element, shape: shape).map(String.init).joined(separator: ", ") + "]"
  }

  static func indices(_ element: Int, shape: [Int]) -> [Int] {
    var rest = element
    var indices: [Int] = []
    for size in shape.reversed() {
      indices.append(size > 0 ? rest % size : 0)
      rest /= max(size, 1)
    }
    return indices.reversed()
  }
}
