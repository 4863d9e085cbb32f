//! A new migration must reach the program: it is compiled in.

fn main() {
    println!("cargo:rerun-if-changed=src/store/migrations");
}
