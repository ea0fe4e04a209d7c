class Loadplan < Formula
  desc "Load-test runner: plans in plain YAML, a verdict for CI"
  homepage "https://github.com/@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/loadplan-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_DARWIN_ARM64@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/loadplan-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_DARWIN_X64@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/loadplan-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_LINUX_ARM64@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/loadplan-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_LINUX_X64@"
    end
  end

  def install
    bin.install "loadplan"
    generate_completions_from_executable(bin/"loadplan", "completions")
  end

  test do
    system bin/"loadplan", "new", "plan.yaml"
    system bin/"loadplan", "check", "plan.yaml"
    assert_match version.to_s, shell_output("#{bin}/loadplan --version")
  end
end
