import Foundation
import Reporting

/// The part of JSON Schema (2020-12) that the schemas of this package are written in: `type`, `enum`, `required`, `properties`,
/// `additionalProperties`, `items`, `anyOf`, `oneOf`, and `$ref` to the `$defs` of the same file.
///
/// A schema with any other keyword is refused, so that none of its demands goes unchecked.
struct JSONSchema {
  struct SchemaError: Error, CustomStringConvertible { let description: String }

  private static let annotations: Set = ["$schema", "$id", "title", "description"]
  private static let demands: Set = [
    "type", "enum", "required", "properties", "additionalProperties", "items", "anyOf", "oneOf", "$ref", "$defs",
  ]
  private static let types: Set = ["null", "boolean", "integer", "number", "string", "array", "object"]

  private let root: JSONValue

  init(_ root: JSONValue) throws {
    self.root = root
    try examine(root, "#")
  }

  /// A sentence for each place where the value does not have the form that the schema demands; none where it has.
  func problems(in value: JSONValue) -> [String] { check(value, root, "$") }

  // MARK: - The schema itself

  private func examine(_ schema: JSONValue, _ path: String) throws {
    if case .bool = schema { return }
    guard let members = schema.members else { throw SchemaError(description: "\(path) is no schema") }
    for (key, value) in members.entries {
      guard Self.annotations.contains(key) || Self.demands.contains(key) else {
        throw SchemaError(description: "\(path) has the keyword \(key), which is not understood")
      }
      switch key {
      case "properties", "$defs":
        for (name, part) in value.members?.entries ?? [] { try examine(part, "\(path)/\(key)/\(name)") }
      case "items", "additionalProperties": try examine(value, "\(path)/\(key)")
      case "anyOf", "oneOf":
        for (index, part) in value.elements.enumerated() { try examine(part, "\(path)/\(key)/\(index)") }
      case "$ref":
        guard definition(value) != nil else { throw SchemaError(description: "\(path) refers to \(value.text ?? ""), which is not there") }
      case "type":
        for name in value.alternatives where !Self.types.contains(name) {
          throw SchemaError(description: "\(path) has the type \(name), which there is not")
        }
      default: break
      }
    }
  }

  private func definition(_ reference: JSONValue) -> JSONValue? {
    guard let text = reference.text, text.hasPrefix("#/$defs/") else { return nil }
    return root["$defs"]?[String(text.dropFirst(8))]
  }

  // MARK: - A value

  private func check(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
    if case .bool(let isAllowed) = schema { return isAllowed ? [] : ["\(path) is not allowed"] }
    guard let demands = schema.members else { return [] }
    var problems: [String] = []
    if let reference = demands["$ref"], let part = definition(reference) { problems += check(value, part, path) }
    if let types = demands["type"]?.alternatives, !types.contains(where: value.isOf) {
      problems.append("\(path): expected \(types.joined(separator: " or ")), found \(value.kindName)")
    }
    if let allowed = demands["enum"]?.elements, !allowed.contains(value) {
      problems.append("\(path) is none of the values that are allowed")
    }
    for name in demands["required"]?.alternatives ?? [] where value.members != nil && value[name] == nil {
      problems.append("\(path).\(name) is missing")
    }
    let known = demands["properties"]?.members ?? JSONObject()
    for (name, member) in value.members?.entries ?? [] {
      if let part = known[name] ?? demands["additionalProperties"] { problems += check(member, part, "\(path).\(name)") }
    }
    if let part = demands["items"] {
      for (index, element) in value.elements.enumerated() { problems += check(element, part, "\(path)[\(index)]") }
    }
    if let forms = demands["anyOf"]?.elements, !forms.contains(where: { check(value, $0, path).isEmpty }) {
      problems.append("\(path) has none of the forms that are allowed")
    }
    if let forms = demands["oneOf"]?.elements {
      let fitting = forms.count { check(value, $0, path).isEmpty }
      if fitting != 1 { problems.append("\(path) has \(fitting) of the forms of which it must have one") }
    }
    return problems
  }
}

extension JSONValue {
  /// The elements of an array; none of anything else.
  fileprivate var elements: [JSONValue] {
    switch self {
    case .array(let items): items
    case .numbers(let numbers, _): numbers.map { .number($0) }
    default: []
    }
  }

  /// One text, or those of an array.
  fileprivate var alternatives: [String] { text.map { [$0] } ?? elements.compactMap(\.text) }

  fileprivate func isOf(_ type: String) -> Bool {
    switch (self, type) {
    case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"), (.number, "number"), (.string, "string"),
      (.numbers, "array"), (.array, "array"), (.object, "object"):
      true
    case (.number(let number), "integer"): number == number.rounded()
    default: false
    }
  }
}
