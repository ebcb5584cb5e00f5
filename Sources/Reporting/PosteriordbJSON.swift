import Foundation
import Inference

/// Draws as posteriordb keeps them (in its repository zipped): a list of chains, each an object with the draws of every element by its name, `theta[1]`, `x[2,1]`,
/// counted from 1, the first index running fastest. There is no place for anything but draws.
package enum PosteriordbJSON {
  package static func encode(_ draws: DrawSet) -> Data {
    let layouts = draws.variables.map { (variable: $0, order: DrawsCSV.columnMajor($0.shape)) }
    let chains = (0..<draws.chains).map { chain -> JSONValue in
      var object = JSONObject()
      for (variable, order) in layouts {
        for element in order {
          let indices = Nesting.indices(element, shape: variable.shape).map { String($0 + 1) }
          let name = variable.name + (indices.isEmpty ? "" : "[\(indices.joined(separator: ","))]")
          let values = variable.values[chain]
          object[name] = .numbers(stride(from: element, to: values.count, by: max(variable.size, 1)).map { values[$0] }, whole: false)
        }
      }
      return .object(object)
    }
    return Data((JSONWriter.line(.array(chains)) + "\n").utf8)
  }

  /// Whether the value is a list of objects.
  package static func recognizes(_ root: JSONValue) -> Bool {
    if case .array(let items) = root { items.first?.members != nil } else { false }
  }

  /// Throws `DataError`; its key path begins with the chain, counted from 0.
  package static func decode(_ root: JSONValue) throws -> DrawSet {
    guard case .array(let items) = root, !items.isEmpty else { throw DataError(keyPath: "", reason: "expected a list of chains") }
    let chains = try items.enumerated().map { chain, item -> DrawSet in
      guard let members = item.members, !members.isEmpty else {
        throw DataError(keyPath: "[\(chain)]", reason: "expected an object of draws by name, found \(item.kindName)")
      }
      var elements: [DrawsCSV.Element] = []
      var count: Int?
      for (key, value) in members.entries {
        let path = "[\(chain)].\(key)"
        let flat = try Nesting.flatten(value, path)
        guard flat.shape.count == 1 else { throw DataError(keyPath: path, reason: "expected a list of numbers") }
        if let count, flat.values.count != count {
          throw DataError(keyPath: path, reason: "expected \(count) draws as in the first name, found \(flat.values.count)")
        }
        count = flat.values.count
        let (base, indices) = parsed(key)
        elements.append(.init(base: base, indices: indices, values: flat.values))
      }
      guard let count, count > 0 else { throw DataError(keyPath: "[\(chain)]", reason: "there are no draws") }
      return DrawSet(chains: 1, drawsPerChain: count, variables: try DrawsCSV.assemble(elements), sampleStats: [:])
    }
    do {
      return try DrawsCSV.join(chains)
    } catch let error as DataError {
      throw DataError(keyPath: "[\(error.keyPath)]", reason: error.reason.replacing("the first file", with: "the first chain"))
    }
  }

  /// `x[2,1]` ↦ x and [1, 0]; a name without whole numbers in brackets stands for itself.
  private static func parsed(_ key: String) -> (base: String, indices: [Int]) {
    guard key.hasSuffix("]"), let open = key.lastIndex(of: "["), open > key.startIndex else { return (key, []) }
    let indices = key[key.index(after: open)..<key.index(before: key.endIndex)].split(separator: ",", omittingEmptySubsequences: false)
      .map { Int($0.trimmingCharacters(in: .whitespaces)) }
    guard indices.allSatisfy({ ($0 ?? 0) >= 1 }) else { return (key, []) }
    return (String(key[..<open]), indices.compactMap { $0.map { $0 - 1 } })
  }
}
