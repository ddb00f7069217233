# Try an installer on this Windows, for this account: install, self-test, scan, install over it, remove.
# Ends with an error at the first thing that is not as it should be.
param(
    [Parameter(Mandatory)] [string] $Installer,
    [Parameter(Mandatory)] [string] $Samples,
    [string] $Folder = "$env:LOCALAPPDATA\Programs\lung viewer Prüfung"
)
$ErrorActionPreference = "Stop"
$key = "HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\lungviewer"

function Invoke-Checked([string] $Program, [string] $Arguments) {
    # One string: the installer wants /D= without quotation marks, which a list would get.
    $process = Start-Process -FilePath $Program -ArgumentList $Arguments -Wait -PassThru -NoNewWindow
    if ($process.ExitCode -ne 0) { throw "$Program $Arguments ended with $($process.ExitCode)" }
}

function Assert-That([bool] $True, [string] $Sentence) {
    if (-not $True) { throw $Sentence }
    Write-Output "ok: $Sentence"
}

Invoke-Checked $Installer "/S /D=$Folder"
$command = Join-Path $Folder "lungviewer-cli.exe"
Assert-That (Test-Path $command) "the program is there"
Assert-That ((Get-ItemProperty $key).InstallLocation -eq $Folder) "it is in the list of programs"
Invoke-Checked $command "doctor --selftest"
Invoke-Checked $command "scan `"$Samples`" -o `"$env:TEMP\lungviewer-samples.csv`" --fresh"

Set-Content -Path (Join-Path $Folder "mine.txt") -Value "mine"
$window = Start-Process -FilePath (Join-Path $Folder "lungviewer.exe") -PassThru
$refused = Start-Process -FilePath $Installer -ArgumentList "/S" -Wait -PassThru
Assert-That ($refused.ExitCode -eq 3) "nothing is installed while the program runs"
$refused = Start-Process -FilePath (Join-Path $Folder "uninstall.exe") -ArgumentList "/S _?=$Folder" -Wait -PassThru
Assert-That ($refused.ExitCode -eq 3) "nothing is removed while the program runs"
taskkill /PID $window.Id /T /F | Out-Null
$window.WaitForExit()
Invoke-Checked $Installer "/S"
Assert-That (-not (Test-Path (Join-Path $Folder ".previous"))) "an upgrade leaves nothing behind"

Invoke-Checked (Join-Path $Folder "uninstall.exe") "/S _?=$Folder"
$left = @(Get-ChildItem $Folder -Recurse -File | ForEach-Object Name | Sort-Object)
Assert-That (($left -join " ") -eq "mine.txt uninstall.exe") "removal leaves only what is not the installer's"
Assert-That (-not (Test-Path $key)) "it is no longer in the list of programs"
