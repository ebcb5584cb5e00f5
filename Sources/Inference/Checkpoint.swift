import Foundation
import Synchronization

/// Where a long run leaves what it needs to go on with the same bits: the states of its parts (a chain, a start, an ascent), each under a name.
///
/// Parts do not depend on one another, so that any mixture of their states is a whole: each part saves its own when its interval is over, and every saving
/// hands all states to `write`. What is short and depends on the seed alone (a search for a mode, the judgement of a guide) has no state and is done again.
/// A state that cannot be written stops nothing: the earlier file stays as it is, `onProblem` hears the reason once, and the next saving tries again.
package final class FitCheckpoint: Sendable, Equatable {
  package typealias Write = @Sendable (_ fingerprint: ModelFingerprint?, _ parts: [(name: String, state: Data)]) throws -> Void

  private struct Content {
    var parts: [String: Data]
    var fingerprint: ModelFingerprint?
    var last: [String: ContinuousClock.Instant] = [:]
    /// How long the last saving kept its part from working.
    var cost = Duration.zero
    var hasProblem = false
    /// Whether all states have been written.
    var isComplete = true
    /// Whether there are states that the writer has not taken, and whether it is at work.
    var isWaiting = false
    var isWriting = false
  }

  /// Who writes.
  package enum Writing: Sendable {
    /// Whoever saves, and every state.
    case inTurn
    /// A thread of its own, so that no part waits for the disk; of several states that wait for it, the newest.
    case behind
  }
  private let content: Mutex<Content>
  private let interval: Duration
  private let share: Double
  private let writing: Writing
  private let queue = DispatchQueue(label: "credence.checkpoint")
  private let write: Write
  private let onProblem: @Sendable (any Error) -> Void
  private let begin = ContinuousClock.now

  /// - Parameters:
  ///   - interval: seconds between savings of a part; 0 for as often as a part can.
  ///   - share: the part of the time that saving takes at most, however short the interval; 1 for no such limit.
  ///   - parts: the states of an earlier run, by name.
  package init(
    interval: Double, share: Double = 1.0 / 3, writing: Writing = .inTurn, parts: [String: Data] = [:],
    fingerprint: ModelFingerprint? = nil,
    write: @escaping Write,
    onProblem: @escaping @Sendable (any Error) -> Void = { _ in }
  ) {
    self.interval = .seconds(interval)
    self.share = share
    self.writing = writing
    self.write = write
    self.onProblem = onProblem
    content = Mutex(Content(parts: parts, fingerprint: fingerprint))
  }

  package static func == (a: FitCheckpoint, b: FitCheckpoint) -> Bool { a === b }

  /// Notes what model this is, or throws ``FitError`` where the states belong to another.
  package func check(_ fingerprint: ModelFingerprint) throws {
    let difference = content.withLock { content -> String? in
      if let earlier = content.fingerprint { return fingerprint.difference(from: earlier) }
      content.fingerprint = fingerprint
      return nil
    }
    if let difference { throw FitError(["The checkpoint belongs to another model or other data: \(difference)."]) }
  }

  package func part(_ name: String) -> CheckpointPart { CheckpointPart(owner: self, name: name) }

  /// The names of all parts that have a state, in the order of the alphabet.
  package var names: [String] { content.withLock { $0.parts.keys.sorted() } }

  fileprivate func isDue(_ name: String) -> Bool {
    content.withLock { ContinuousClock.now - ($0.last[name] ?? begin) >= max(interval, $0.cost * (1 / share - 1)) }
  }

  fileprivate func state(_ name: String) -> Data? { content.withLock { $0.parts[name] } }

  /// Takes in several states at once, so that no file holds one without the others.
  fileprivate func save(_ states: [(name: String, state: Data?)], since begin: ContinuousClock.Instant) {
    let wakes = content.withLock { content -> Bool in
      for (name, state) in states { content.parts[name] = state }
      content.isComplete = false
      content.isWaiting = true
      defer { content.isWriting = true }
      return !content.isWriting
    }
    switch writing {
    case .inTurn: queue.sync { drain() }
    case .behind: if wakes { queue.async { self.drain() } }
    }
    content.withLock { content in
      let now = ContinuousClock.now
      for (name, _) in states { content.last[name] = now }
      content.cost = now - begin
    }
  }

  /// Writes until nothing waits.
  private func drain() {
    while let problem = step() { if let problem { onProblem(problem) } }
  }

  /// One writing: nil where nothing waits, else what keeps it from being written, where that is new.
  private func step() -> (any Error)?? {
    let taken = content.withLock { content -> (ModelFingerprint?, [(name: String, state: Data)])? in
      guard content.isWaiting else {
        content.isWriting = false
        return nil
      }
      content.isWaiting = false
      return (content.fingerprint, Self.sorted(content.parts))
    }
    guard let (fingerprint, parts) = taken else { return nil }
    do {
      try write(fingerprint, parts)
      content.withLock { content in
        content.isComplete = !content.isWaiting
        content.hasProblem = false
      }
      return .some(nil)
    } catch {
      return content.withLock { content -> (any Error)?? in
        defer { content.hasProblem = true }
        return .some(content.hasProblem ? nil : error)
      }
    }
  }

  private static func sorted(_ parts: [String: Data]) -> [(name: String, state: Data)] {
    parts.sorted { $0.key < $1.key }.map { (name: $0.key, state: $0.value) }
  }

  /// Waits until all states are written; throws what keeps them from it.
  package func finish() throws {
    queue.sync {}
    let left = content.withLock { content in content.isComplete ? nil : (content.fingerprint, Self.sorted(content.parts)) }
    if let (fingerprint, parts) = left { try write(fingerprint, parts) }
  }
}

/// The place of one part's state in a ``FitCheckpoint``.
package struct CheckpointPart: Sendable {
  fileprivate let owner: FitCheckpoint
  let name: String

  /// A part of this part.
  package func part(_ name: String) -> CheckpointPart { CheckpointPart(owner: owner, name: self.name + "/" + name) }

  /// Whether the interval since the last saving is over.
  package var isDue: Bool { owner.isDue(name) }

  /// The state that an earlier run left, nil where there is none. Throws ``FitError`` for one that cannot be read, and for one that no run of this kind leaves:
  /// a file may have been changed by others, its checksum included.
  ///
  /// - Parameter isSound: whether all sizes are those of this run, and all counts possible; whatever passes must do no harm.
  package func restored<State: Decodable>(_ type: State.Type, isSound: (State) -> Bool) throws -> State? {
    guard let data = owner.state(name) else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let state: State
    do { state = try decoder.decode(type, from: data) } catch {
      throw FitError(["The checkpoint's state of \(name) cannot be read: it was written by another version of Credence."])
    }
    guard isSound(state) else {
      throw FitError(["The checkpoint's state of \(name) is not that of such a run: it has other sizes, or impossible numbers."])
    }
    return state
  }

  package func save(_ state: some Encodable) {
    let begin = ContinuousClock.now
    owner.save([(name: name, state: Self.encoded(state))], since: begin)
  }

  /// Saves the states of several parts of this one together.
  package func saveAll(_ states: [(name: String, state: any Encodable)]) {
    let begin = ContinuousClock.now
    owner.save(states.map { (name: name + "/" + $0.name, state: Self.encoded($0.state)) }, since: begin)
  }

  private static func encoded(_ state: any Encodable) -> Data? {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // Every state is made of numbers, text, arrays and dictionaries with text as keys, which all have a form in JSON.
    return try? encoder.encode(state)
  }
}

extension Int {
  /// Whether it can count what a run does: not negative, and so small that sums over many chains stay in range.
  var isCount: Bool { (0...1 << 48).contains(self) }
}

extension Optional {
  /// Whether both are nil, or both are there and agree.
  func isSound(_ other: Wrapped?, _ agree: (Wrapped, Wrapped) -> Bool) -> Bool {
    switch (self, other) {
    case (nil, nil): true
    case (let own?, let its?): agree(own, its)
    default: false
    }
  }
}

/// Numbers that keep their bits, signs of zeros and NaNs included, as the base64 of their little-endian bytes.
package struct PackedNumbers: Sendable, Equatable, Codable {
  package var values: [Double]
  var count: Int { values.count }
  package init(_ values: [Double]) { self.values = values }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let data = try container.decode(Data.self)
    guard data.count % 8 == 0 else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(data.count) bytes are no whole number of doubles")
    }
    values = data.withUnsafeBytes { bytes in
      (0..<(bytes.count / 8)).map {
        Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    let data = values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
    try container.encode(data)
  }
}
