use super::*;

fn lambda(runtime: &str, arch: Arch) -> Target {
    Target::lambda(runtime, arch).expect(runtime)
}

fn best(target: Target, tags: &[&str]) -> Option<String> {
    let wheels = tags
        .iter()
        .map(|tags| WheelName::parse(&format!("p-1.0-{tags}.whl")).expect(tags));
    let fitting = wheels.filter_map(|wheel| Some((target.rank(&wheel)?, wheel.filename)));
    fitting
        .max_by(|one, two| one.0.cmp(&two.0))
        .map(|(_, name)| {
            name.trim_start_matches("p-1.0-")
                .trim_end_matches(".whl")
                .to_owned()
        })
}

#[test]
fn lambda_runtimes_and_their_libc() {
    let libc = |runtime| lambda(runtime, Arch::X86_64).platform;
    assert_eq!(
        libc("python3.13"),
        Platform::Linux(Libc::Glibc(2, 34), Arch::X86_64)
    );
    assert_eq!(
        libc("python3.12"),
        Platform::Linux(Libc::Glibc(2, 34), Arch::X86_64)
    );
    assert_eq!(
        libc("python3.11"),
        Platform::Linux(Libc::Glibc(2, 26), Arch::X86_64)
    );
    for runtime in [
        "nodejs22.x",
        "python",
        "python3",
        "python2.7",
        "provided.al2023",
        "python3.x",
    ] {
        let error = Target::lambda(runtime, Arch::X86_64)
            .expect_err(runtime)
            .to_string();
        assert!(error.contains("python3.13"), "{error}");
    }
}

#[test]
fn a_wheel_runs_only_where_its_c_library_is_old_enough() {
    let wheels = ["cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64"];
    assert_eq!(best(lambda("python3.11", Arch::Aarch64), &wheels), None);
    let wheels = [
        "cp312-cp312-manylinux_2_28_aarch64",
        "cp312-cp312-manylinux_2_35_aarch64",
    ];
    assert_eq!(
        best(lambda("python3.12", Arch::Aarch64), &wheels).as_deref(),
        Some(wheels[0])
    );
}

#[test]
fn foreign_wheels_do_not_fit() {
    let target = lambda("python3.13", Arch::X86_64);
    for tags in [
        "cp312-cp312-manylinux2014_x86_64",
        "cp313-cp313t-manylinux2014_x86_64",
        "cp313-cp313-manylinux2014_aarch64",
        "cp313-cp313-musllinux_1_2_x86_64",
        "cp313-cp313-macosx_10_13_x86_64",
        "cp313-cp313-win_amd64",
        "cp313-cp313-linux_x86_64",
        "cp313-cp313-manylinux_3_0_x86_64",
        "cp314-abi3-manylinux2014_x86_64",
        "pp313-pypy313_pp73-manylinux2014_x86_64",
        "py2-none-any",
        "py314-none-any",
        "cpé3-none-any",
    ] {
        if let Some(wheel) = WheelName::parse(&format!("p-1.0-{tags}.whl")) {
            assert!(target.rank(&wheel).is_none(), "{tags}");
        }
    }
}

#[test]
fn the_closest_wheel_is_taken() {
    let target = lambda("python3.13", Arch::X86_64);
    let from_best = [
        "1-cp313-cp313-manylinux_2_28_x86_64",
        "cp313-cp313-manylinux_2_28_x86_64",
        "cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64",
        "cp313-cp313-manylinux1_x86_64",
        "cp39-abi3-manylinux_2_28_x86_64",
        "cp37-abi3-manylinux2014_x86_64",
        "py3-none-manylinux2014_x86_64",
        "py2.py3-none-any",
    ];
    for start in 0..from_best.len() {
        let mut wheels = from_best[start..].to_vec();
        assert_eq!(best(target, &wheels).as_deref(), Some(from_best[start]));
        wheels.reverse();
        assert_eq!(best(target, &wheels).as_deref(), Some(from_best[start]));
    }
}

#[test]
fn old_pythons_have_an_m() {
    assert!(
        best(
            lambda("python3.7", Arch::X86_64),
            &["cp37-cp37m-manylinux1_x86_64"]
        )
        .is_some()
    );
}

#[test]
fn a_local_interpreter_is_a_target() {
    let here = Interpreter {
        tag: "cp311".into(),
        system: "Linux".into(),
        machine: "x86_64".into(),
        libc: ("glibc".into(), "2.36".into()),
        macos: String::new(),
    };
    let target = here.target().expect("a target");
    assert_eq!(
        target.to_string(),
        "Python 3.11 on Linux x86_64 with glibc 2.36"
    );
    let mac = Interpreter {
        system: "Darwin".into(),
        machine: "arm64".into(),
        macos: "14.5".into(),
        ..here.clone()
    };
    let wheels = [
        "cp311-cp311-macosx_10_9_x86_64",
        "cp311-cp311-macosx_11_0_arm64",
        "cp311-cp311-macosx_15_0_arm64",
    ];
    assert_eq!(
        best(mac.target().expect("a target"), &wheels).as_deref(),
        Some(wheels[1])
    );
    let musl = Interpreter {
        libc: (String::new(), String::new()),
        ..here.clone()
    };
    let wheels = [
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-musllinux_1_2_x86_64",
    ];
    assert_eq!(
        best(musl.target().expect("a target"), &wheels).as_deref(),
        Some(wheels[1])
    );
    assert!(
        Interpreter {
            tag: "cp313t".into(),
            ..here.clone()
        }
        .target()
        .is_err()
    );
    assert!(
        Interpreter {
            system: "Windows".into(),
            ..here
        }
        .target()
        .is_err()
    );
}
