use super::*;

#[test]
fn versions_never_go_down() {
    for (wanted, there, paths) in [
        ("17", "17.6", vec![]),
        ("17.4", "17.6", vec![]),
        ("17.6", "17.6", vec![]),
        ("17.6", "17.6-R2", vec![]),
        ("16", "17.6", vec![]),
        ("17.9", "17.6", vec!["engine_version"]),
        ("17.10", "17.9", vec!["engine_version"]),
    ] {
        let d = diff_of(&[("\"17\"", &format!("\"{wanted}\""))], |l| {
            l.engine_version = there.into()
        });
        assert_eq!(d.paths(), paths, "{wanted} {there}");
    }
    let d = diff_of(
        &[("\"17\"", "\"18\""), ("upgrade: false", "upgrade: true")],
        |_| (),
    );
    assert_eq!(d.force(), Some(Force::Update));
    let live = have();
    assert_eq!(
        RdsInstance::warnings(&want(&[("\"17\"", "\"16\"")]), Some(&live)).len(),
        1
    );
}

#[test]
fn versions_are_chosen_from_what_is_offered() {
    let all: Vec<String> = ["16.9", "17.5", "17.7", "17.10", "18.1"]
        .map(String::from)
        .into();
    let v = |t| Version::parse(t).unwrap();
    assert_eq!(version::creatable(v("17.4"), &all), Ok("17.5".into()));
    assert_eq!(version::creatable(v("17.7"), &all), Ok("17.7".into()));
    assert_eq!(version::creatable(v("17"), &all), Ok("17".into()));
    assert_eq!(version::upgrade(v("17"), &all), Ok("17.10".into()));
    assert_eq!(version::upgrade(v("17.6"), &all), Ok("17.7".into()));
    let nearest: Vec<String> = ["16.9", "17.10", "18.1"].map(String::from).into();
    assert_eq!(version::creatable(v("14.6"), &all), Err(nearest.clone()));
    assert_eq!(version::upgrade(v("17.11"), &all), Err(nearest));
    for bad in ["", "x", "17.", "17.x", "v17", "17.4.1"] {
        assert_eq!(Version::parse(bad), None, "{bad}");
    }
}
