import Foundation
import Synchronization

/// Shows how far a run is: one line that renews itself on a terminal, a line every few seconds elsewhere, or an event a line as JSON.
package final class ProgressDisplay: Sendable {
  package enum Style: Sendable, Equatable {
    case line(width: Int)
    case plain
    case json
  }

  private struct Memory {
    var started: Double?
    var phaseStart = (time: 0.0, completed: 0)
    var phase = ""
    var lastShown = -Double.infinity
    var hasLine = false
    var lastState: ProgressEvent?
  }

  private let style: Style
  private let write: @Sendable (String) -> Void
  private let clock: @Sendable () -> Double
  private let memory = Mutex(Memory())

  /// `clock` gives seconds from any origin; tests have one of their own.
  package init(style: Style, write: @escaping @Sendable (String) -> Void, clock: (@Sendable () -> Double)? = nil) {
    self.style = style
    self.write = write
    self.clock = clock ?? { ProcessInfo.processInfo.systemUptime }
  }

  /// Seconds between two lines: an eye follows ten a second, a log wants few.
  private var interval: Double {
    switch style {
    case .line: 0.1
    case .plain: 5
    case .json: 0.25
    }
  }

  package func show(_ state: ProgressEvent) {
    let now = clock()
    memory.withLock { memory in
      if memory.started == nil { memory.started = now }
      if memory.phase != state.phase {
        memory.phase = state.phase
        memory.phaseStart = (now, state.completed)
      }
      // A log gets nothing from a run that is over before its first interval has passed.
      if case .plain = style, now - (memory.started ?? now) < interval {
        memory.lastState = state
        return
      }
      guard now - memory.lastShown >= interval else {
        memory.lastState = state
        return
      }
      memory.lastShown = now
      memory.lastState = nil
      emit(state, now, &memory)
    }
  }

  /// Ends the display: clears the line, or writes the last event.
  package func finish() {
    memory.withLock { memory in
      switch style {
      case .line: if memory.hasLine { write("\r\u{1B}[K") }
      case .json: if let state = memory.lastState { emit(state, clock(), &memory) }
      case .plain: break
      }
      memory.hasLine = false
      memory.lastState = nil
    }
  }

  private func emit(_ state: ProgressEvent, _ now: Double, _ memory: inout Memory) {
    let seconds = now - memory.phaseStart.time
    let rate = seconds > 0 ? Double(state.completed - memory.phaseStart.completed) / seconds : 0
    let left = rate > 0 && state.total > state.completed ? Double(state.total - state.completed) / rate : nil
    switch style {
    case .json:
      var event = JSONObject([
        ("event", "progress"), ("phase", .string(state.phase)), ("completed", .integer(state.completed)),
        ("total", state.total > 0 ? .integer(state.total) : .null), ("elapsed_seconds", .number(now - (memory.started ?? now))),
        ("rate_per_second", .number(rate)), ("seconds_left", left.map { .number($0) } ?? .null),
      ])
      for measure in state.measures { event[measure.name] = .number(measure.value) }
      write(JSONWriter.line(.object(event)) + "\n")
    case .plain: write(Self.text(state, rate, left) + "\n")
    case .line(let width):
      write("\r" + Self.text(state, rate, left, width: width - 1) + "\u{1B}[K")
      memory.hasLine = true
    }
  }

  /// What does not fit into the width is left out whole: half a number would be another number.
  private static func text(_ state: ProgressEvent, _ rate: Double, _ left: Double?, width: Int = .max) -> String {
    var parts = [state.phase]
    if state.total > 0 {
      parts.append("\(Int(100 * Double(state.completed) / Double(state.total))) %")
      parts.append("\(state.completed)/\(state.total)")
    } else {
      parts.append("\(state.completed)")
    }
    if rate > 0 { parts.append("\(NumberText.rate(rate))/s") }
    if let left { parts.append("\(NumberText.duration(left)) left") }
    for measure in state.measures where measure.value != 0 || measure.name != "divergences" {
      parts.append("\(measure.name.replacingOccurrences(of: "_", with: " ")) \(NumberText.significant(measure.value, 5).trimmingZeros)")
    }
    var line = String(state.phase.prefix(max(width, 1)))
    for part in parts.dropFirst() where line.count + 2 + part.count <= width { line += "  " + part }
    return line
  }
}

extension NumberText {
  /// 12, 3400, 1.2M.
  static func rate(_ value: Double) -> String {
    value >= 1e6 ? String(format: "%.1fM", value / 1e6) : value >= 10 ? String(format: "%.0f", value) : String(format: "%.1f", value)
  }

  /// 0:07, 12:40, 3:05:00.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e7 else { return "long" }
    let whole = Int(seconds.rounded(.up))
    let tail = String(format: "%02d", whole % 60)
    return whole < 3600 ? "\(whole / 60):\(tail)" : "\(whole / 3600):" + String(format: "%02d", whole / 60 % 60) + ":\(tail)"
  }
}

extension String {
  /// Without zeros after the point that say nothing.
  var trimmingZeros: String {
    guard contains("."), !contains("e") else { return self }
    var text = self
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }
}
