#!/usr/bin/env bash
# A package that depends on Credence by version: a clone of this repository with a tag, a client package with that version among its dependencies, built
# and run. SwiftPM allows no processor flags in a dependency, so this also shows that the library is right without them.
#
#   Tests/Scripts/package_by_version.sh          (some minutes: the library is built anew)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git clone -q "$root" "$work/Credence"
git -C "$work/Credence" tag 0.1.0

mkdir -p "$work/client/Sources/client"
cat > "$work/client/Package.swift" <<PACKAGE
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "client",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: "file://$work/Credence", from: "0.1.0")],
  targets: [.executableTarget(name: "client", dependencies: [.product(name: "Credence", package: "Credence")])]
)
PACKAGE
cat > "$work/client/Sources/client/Client.swift" <<'SWIFT'
import Credence

struct Mean: Model {
  let y: Tensor
  func body(_ p: Program) throws -> (mu: Tensor, twice: Tensor) {
    let mu = p.sample("mu", Normal(0, sd: 1))
    p.plate("rows", y.count) { i in p.observe("y", Normal(mu, sd: 1), y[i]) }
    return (mu, 2 * mu)
  }
}

@main struct Client {
  static func main() async throws {
    let posterior = try await fit(Mean(y: [1.5, 3]), .nuts(), seed: 1)
    let (mean, sd) = try (posterior.mu.mean.item(), posterior.mu.sd.item())
    print("mean \(mean) sd \(sd) verdict \(posterior.verdict.verdict)")
    // N(1.5, 1/√3); five standard errors of 4000 draws or so.
    guard abs(mean - 1.5) < 0.06, abs(sd - 0.5774) < 0.05 else { fatalError("wrong posterior") }
  }
}
SWIFT
cd "$work/client"
swift build -c release
swift run -c release --skip-build client
