//! Lets the linker keep one copy of functions that are alike: the SDK crates hold many, and each page of them that is touched stays
//! in memory. It takes a sixth off the binary (docs/architecture.md).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|v| v == value);
    // rustc links with LLD, which knows how, on this target since 1.90; a linker of the user's own may not.
    let lld =
        is("TARGET", "x86_64-unknown-linux-gnu") && std::env::var_os("RUSTC_LINKER").is_none();
    if lld && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
