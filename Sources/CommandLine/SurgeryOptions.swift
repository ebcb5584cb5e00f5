import Differentiation
import Foundation
import Modeling
import Reporting

/// What a command line does to a model without editing it: `--do`, `--observe`, `--fix`, `--drop-likelihood` and `--set`.
package struct SurgeryRequest: Sendable, Equatable {
  package var surgery = Surgery()
  /// Keys of the data with their new values, in the order given.
  package var settings = JSONObject()
  /// The same for a result's configuration.
  package private(set) var json = JSONObject()

  package var isEmpty: Bool { json.isEmpty }
  package var changesSites: Bool { !surgery.entries.isEmpty || surgery.dropsLikelihood }

  private static let operations: [(option: String, key: String, operation: Surgery.Operation)] = [
    ("--do", "do", .intervene), ("--observe", "observe", .observe), ("--fix", "fix", .fix),
  ]

  /// Reads the options and the files that they name. Every mistake becomes a sentence of the reader.
  init(_ reader: inout OptionReader) {
    var owners: [String: String] = [:]
    for (option, key, operation) in Self.operations {
      var values = JSONObject()
      for (site, text) in reader.pairs(option, form: "SITE=VALUE") {
        if let other = owners.updateValue(option, forKey: site) {
          reader.fail("site \"\(site)\" has a value by \(other) and by \(option): it can have one.")
          continue
        }
        do {
          let value = try Self.value(text, key: site)
          surgery.entries[site] = try Self.entry(operation, value)
          values[site] = value
        } catch let error as SurgeryError {
          reader.fail("\(option) \(site): \(error.sentence)")
        } catch {
          reader.fail("\(option) \(site): \(Command.describe(error))")
        }
      }
      if !values.isEmpty { json[key] = .object(values) }
    }
    if reader.arguments.has("--drop-likelihood") {
      surgery.dropsLikelihood = true
      json["drop_likelihood"] = true
      if reader.arguments.has("--observe") {
        reader.fail(
          "--observe and --drop-likelihood contradict each other: what is observed would be dropped (--do sets a site to a value).")
      }
    }
    for (name, text) in reader.pairs("--set", form: "NAME=VALUE") {
      do {
        settings[name] = try Self.value(text, key: name, takesText: true)
      } catch let error as SurgeryError {
        reader.fail("--set \(name): \(error.sentence)")
      } catch {
        reader.fail("--set \(name): \(Command.describe(error))")
      }
    }
    if !settings.isEmpty { json["set"] = .object(settings) }
  }

  /// The same for a command line that has been checked. Throws `UserError` with all mistakes.
  init(_ command: String, _ arguments: ParsedArguments) throws {
    var reader = OptionReader(command, arguments)
    self.init(&reader)
    guard reader.mistakes.isEmpty else { throw UserError(sentences: reader.mistakes) }
  }

  /// Why a value cannot be used, as a sentence without its subject.
  private struct SurgeryError: Error { var sentence: String }

  /// A number, JSON, or the name of a file with JSON: an object there gives the value of the key, or its only value.
  private static func value(_ text: String, key: String, takesText: Bool = false) throws -> JSONValue {
    if text.hasPrefix("[") || text.hasPrefix("{") || text.hasPrefix("\"") || ["true", "false", "null"].contains(text) {
      return try parse(Data(text.utf8), in: "")
    }
    if let number = Double(text) {
      guard number.isFinite else { throw SurgeryError(sentence: "\(text) is not a finite number.") }
      return Int(text).map { .integer($0) } ?? .number(number)
    }
    let isFile = text.contains("/") || text.lowercased().hasSuffix(".json") || FileManager.default.fileExists(atPath: text)
    guard isFile else {
      if takesText { return .string(text) }
      throw SurgeryError(sentence: "expected a number, an array such as [1, 2.5], or a JSON file, not \"\(text)\".")
    }
    let root = try parse(InputFile.read(text), in: text)
    guard case .object(let members) = root else { return root }
    let last = key.split(separator: ".").last.map(String.init) ?? key
    if let own = members[key] ?? members[last] { return own }
    guard members.keys.count == 1, let only = members.entries.first else {
      throw SurgeryError(
        sentence:
          "\(text) has no key \"\(key)\"\(members.isEmpty ? "; the object is empty" : "; it has \(OptionReader.list(members.keys, "and"))")."
      )
    }
    return only.value
  }

  private static func parse(_ data: Data, in file: String) throws -> JSONValue {
    do {
      return try JSONReader.parse(data)
    } catch {
      throw SurgeryError(sentence: file.isEmpty ? "\(error)." : "\(file), \(error).")
    }
  }

  private struct Content: Decodable { var value: Tensor }

  private static func entry(_ operation: Surgery.Operation, _ value: JSONValue) throws -> Surgery.Entry {
    do {
      let tensor = try DataDecoder.decode(Content.self, from: .object(("value", value))).value.value
      return Surgery.Entry(operation, shape: tensor.shape, values: try tensor.values())
    } catch let error as DataError {
      let place = error.keyPath.hasPrefix("value") ? String(error.keyPath.dropFirst(5)) : error.keyPath
      throw SurgeryError(sentence: (place.isEmpty ? "" : place + ": ") + error.reason + ".")
    }
  }
}

extension CommandSpecification {
  /// The options that change a model without editing it.
  static let surgery = [
    OptionSpecification(
      "--do", "SITE=VALUE",
      "intervene: the site becomes the constant and its own density is dropped, so that its value says nothing about its parents; what depends on it sees the value (for all: VALUE is a number, which stands for every element, an array, or a JSON file)",
      repeats: true),
    OptionSpecification(
      "--observe", "SITE=VALUE",
      "a latent site has been measured: it becomes an observed site, part of the likelihood, and the posterior is conditional on its value",
      repeats: true),
    OptionSpecification(
      "--fix", "SITE=VALUE",
      "hold a latent site at a value and keep its density: the other sites have the posterior that --observe gives, but the site stays part of the prior, is no data, and has this value in whatever is simulated",
      repeats: true),
    OptionSpecification("--drop-likelihood", nil, "leave out all observed sites: what remains is the prior (factors stay)"),
    OptionSpecification(
      "--set", "NAME=VALUE", "replace one entry of the data, or a hyperparameter: a number, JSON, or a JSON file", repeats: true),
  ]

  var takesSurgery: Bool { options.contains { $0.name == "--do" } }
}
