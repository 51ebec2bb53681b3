//! Arguments to runtime to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // one TLS stack for AWS, Postgres and the package index
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let code = runtime.block_on(cruddur_infra::cli::main());
            // a look-up that was abandoned must not hold up the exit
            runtime.shutdown_background();
            ExitCode::from(code)
        }
        Err(error) => {
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("error: no runtime: {error}\n").as_bytes(),
            );
            ExitCode::from(1)
        }
    }
}
