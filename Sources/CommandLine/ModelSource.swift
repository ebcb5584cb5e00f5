import Foundation
import Modeling
import Reporting

/// Where a model's data come from, and what is done to it before it runs.
struct ModelSource<M: Model>: Sendable {
  /// The JSON of the data that the model ships with; nil where it has none.
  var embedded: (@Sendable () throws -> Data?)?
  /// The keys of the data, found from the type alone.
  var schema: @Sendable () -> [DataField]
  /// The JSON that the model is decoded from.
  var content: @Sendable (ModelData?) throws -> JSONObject
  /// The model with its data, from a file, of its own, or with none at all.
  var load: @Sendable (ModelData?) throws -> ModelData.Decoded<M>

  /// The model as it stands, with its example where it has one.
  init(_ type: M.Type) {
    let encoded: @Sendable () throws -> Data? = {
      guard let example = (M.self as? any ModelWithExample.Type)?.example as? M else { return nil }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return try encoder.encode(example)
    }
    embedded = M.self is any ModelWithExample.Type ? encoded : nil
    schema = { DataField.schema(of: M.self) }
    content = { data in
      if let data { return data.root.members ?? JSONObject() }
      return try encoded().flatMap { try ModelData(source: "embedded", bytes: $0).root.members } ?? JSONObject()
    }
    load = { data in
      if let data { return try data.decode(M.self) }
      if let example = (M.self as? any ModelWithExample.Type)?.example as? M {
        let embedded = try encoded().map { try ModelData(source: "embedded", bytes: $0).decode(M.self) }
        return ModelData.Decoded(model: example, fields: embedded?.fields ?? [], warnings: [])
      }
      return try ModelData(source: "no data", bytes: Data("{}".utf8)).decode(M.self)
    }
  }

  /// The model with the data of a file that ships with it.
  init(_ type: M.Type, file: @escaping @Sendable () throws -> Data) {
    self.init(type)
    let original = load
    embedded = file
    content = { data in try (data ?? ModelData(source: "embedded", bytes: file())).root.members ?? JSONObject() }
    load = { data in try original(data ?? ModelData(source: "embedded", bytes: file())) }
  }

  private init(
    embedded: (@Sendable () throws -> Data?)?, schema: @escaping @Sendable () -> [DataField],
    content: @escaping @Sendable (ModelData?) throws -> JSONObject,
    load: @escaping @Sendable (ModelData?) throws -> ModelData.Decoded<M>
  ) {
    self.embedded = embedded
    self.schema = schema
    self.content = content
    self.load = load
  }

  /// The same model with some keys of its data replaced. A key that it does not read is a mistake, thrown by `load`.
  func setting(_ settings: JSONObject) -> ModelSource {
    guard !settings.isEmpty else { return self }
    var result = self
    let (own, load, schema, content) = (embedded, load, schema, content)
    result.content = { data in
      var members = try content(data)
      for (key, value) in settings.entries { members[key] = value }
      return members
    }
    result.schema = { schema().filter { settings[$0.key] == nil } }
    result.load = { data in
      let base =
        try data ?? own.flatMap { try $0() }.map { try ModelData(source: "embedded", bytes: $0) }
        ?? ModelData(source: "the command line", bytes: Data("{}".utf8))
      let loaded = try load(base.setting(settings))
      let legal = loaded.fields.map(\.key)
      let mistakes = settings.keys.filter { !legal.contains($0) }.map { key in
        let hint = NearestName.find(key, among: legal).map { "; the nearest is \($0)" }
        return "--set \(key): the model reads no data of that name\(hint ?? "; it reads \(OptionReader.list(legal, "and"))")."
      }
      guard mistakes.isEmpty || legal.isEmpty else { throw UserError(sentences: mistakes) }
      return loaded
    }
    return result
  }

  /// The model after a surgery.
  func operated(by surgery: Surgery) -> ModelSource<OperatedModel<M>> {
    let load = load
    return ModelSource<OperatedModel<M>>(embedded: embedded, schema: schema, content: content) { data in
      let loaded = try load(data)
      return ModelData.Decoded(model: OperatedModel(loaded.model, surgery), fields: loaded.fields, warnings: loaded.warnings)
    }
  }
}

extension RunnableModel {
  package var alterations: JSONObject { JSONObject() }

  package func operated(by request: SurgeryRequest) throws -> any RunnableModel {
    throw UserError("\(name) cannot be changed from the command line.")
  }
}

extension AnyRunnable {
  /// The model with other data, and after a surgery.
  package func operated(by request: SurgeryRequest) throws -> any RunnableModel {
    let settled = source.setting(request.settings)
    guard request.changesSites else { return AnyRunnable(settled, alterations: request.json) }
    return AnyRunnable<OperatedModel<M>>(settled.operated(by: request.surgery), alterations: request.json)
  }
}
