import Foundation
import Reporting

/// The data of a model as it came from a file, read once and checked for being JSON; decoding into the model's own type comes after.
package struct ModelData: Sendable {
  /// How the file is called in messages and in the result: its path as given, `standard input`, or `embedded`.
  package let source: String
  package let sha256: String
  package private(set) var root: JSONValue
  /// The keys whose values are not the file's but from `--set`.
  private var replaced: Set<String> = []

  /// Parses the bytes. Throws `UserError` with the place of the first syntax error.
  package init(source: String, bytes: Data) throws {
    self.source = source
    guard !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) else {
      throw UserError("\(source): the file is empty; data is one JSON object of names and their values.")
    }
    do {
      root = try JSONReader.parse(bytes)
    } catch {
      throw UserError("\(source), \(error).")
    }
    guard case .object = root else {
      throw UserError("\(source): the file must hold one JSON object of names and their values, not \(root.kindName).")
    }
    sha256 = SHA256.hexadecimal(bytes)
  }

  init(source: String, sha256: String, root: JSONValue) {
    self.source = source
    self.sha256 = sha256
    self.root = root
  }

  /// The same data with some keys replaced; the checksum stays that of the file.
  func setting(_ settings: JSONObject) -> ModelData {
    var result = self
    var members = root.members ?? JSONObject()
    for (key, value) in settings.entries { members[key] = value }
    result.root = .object(members)
    result.replaced.formUnion(settings.keys)
    return result
  }

  /// What came out of decoding a model.
  package struct Decoded<M: Sendable>: Sendable {
    package var model: M
    /// The keys the model reads.
    package var fields: [DataField]
    /// A sentence naming the keys that the model does not read, if there are any.
    package var warnings: [String]
  }

  /// Decodes the model. Throws `UserError` with file, key path and reason; whatever else the model's own initialiser throws passes through.
  package func decode<M: Decodable & Sendable>(_ type: M.Type) throws -> Decoded<M> {
    do {
      let outcome = try DataDecoder.decode(type, from: root)
      let fields = outcome.fields.map {
        DataField(key: $0.key, type: DataField.typeName($0.type), shape: $0.shape, isOptional: $0.isOptional)
      }
      var warnings: [String] = []
      if !outcome.unusedKeys.isEmpty {
        let names = outcome.unusedKeys.map { "\"\($0)\"" }.joined(separator: ", ")
        warnings.append("\(source): the model does not use the key\(outcome.unusedKeys.count == 1 ? "" : "s") \(names).")
      }
      return Decoded(model: outcome.value, fields: fields, warnings: warnings)
    } catch let error as DataError {
      let isReplaced = replaced.contains { error.keyPath == $0 || error.keyPath.hasPrefix($0 + "[") || error.keyPath.hasPrefix($0 + ".") }
      let path = error.keyPath.isEmpty ? "" : error.keyPath + ": "
      throw UserError((isReplaced ? "--set " : source + ": ") + path + error.reason + ".")
    }
  }
}

extension DataField {
  /// The name of a field's type in a schema.
  package static func typeName(_ type: Any.Type) -> String {
    switch String(describing: type) {
    case "Double", "Float", "Tensor", "Array<Double>", "Array<Array<Double>>": "real"
    case "Int", "IntTensor", "Array<Int>", "Array<Array<Int>>": "integer"
    case "Array<Optional<Double>>", "Array<Array<Optional<Double>>>": "real or null"
    case "Array<Optional<Int>>", "Array<Array<Optional<Int>>>": "integer or null"
    case "Bool": "truth"
    case "String": "text"
    default: String(describing: type)
    }
  }

  /// The keys that a type reads from its data, found without any data: the type is decoded from nothing, with zeros for numbers and empty arrays.
  /// A type whose own initialiser refuses those gives the keys it asked for until then.
  package static func schema<M: Decodable>(of type: M.Type) -> [DataField] {
    SchemaProbe.fields(of: type).map { DataField(key: $0.key, type: typeName($0.type), shape: nil, isOptional: $0.isOptional) }
  }
}
